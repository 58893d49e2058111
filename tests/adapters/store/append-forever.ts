import { createStore } from "#adapters/store/store-client.ts";
import { note } from "./entries.ts";

/** A child process that appends and records until it is killed; prints the seq of each acknowledged append. */
const [folder = "", worker = ""] = process.argv.slice(2);
const store = await createStore({ folder, time: 1, info: { build: "child" }, workerUrl: new URL(worker) });
for (let index = 1; ; index += 1) {
  store.record(index, "quote", `recorded ${index}`);
  const { lastSeq } = await store.append([note(index, index % 2 === 0 ? "durable" : "grouped")]);
  process.stdout.write(`${lastSeq} ${index}\n`);
}
