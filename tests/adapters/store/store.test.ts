import { describe } from "vitest";
import { createStore } from "#adapters/store/store-client.ts";
import { OPENING_TIME } from "./entries.ts";
import { describeStore } from "./store.contract.ts";
import { open } from "./store-fixture.ts";

const workerUrl = new URL("../../../src-main/workers/store.worker.ts", import.meta.url);

describe("the store in the caller's thread", () => {
  describeStore(async (folder, queueBound) => open(folder, queueBound === undefined ? {} : { queueBound }).store);
});

describe("the store in a thread of its own", () => {
  describeStore((folder, queueBound) =>
    createStore({
      folder,
      time: OPENING_TIME,
      info: { build: "test" },
      workerUrl,
      ...(queueBound === undefined ? {} : { queueBound }),
    }),
  );
});
