import type { Frame, Port, PortState } from "./port.ts";

/** Two ports in one process, each the other's far end. Frames arrive in a later turn of the event loop, in order. */
export function createPortPair(): readonly [Port, Port] {
  const ends = [createEnd(), createEnd()] as const;
  ends[0].far = ends[1];
  ends[1].far = ends[0];
  return [portOf(ends[0]), portOf(ends[1])];
}

type End = {
  far: End | undefined;
  isClosed: boolean;
  readonly frames: Set<(frame: Frame) => void>;
  readonly states: Set<(state: PortState) => void>;
};

function createEnd(): End {
  return { far: undefined, isClosed: false, frames: new Set(), states: new Set() };
}

function portOf(end: End): Port {
  return {
    send(frame) {
      const { far } = end;
      if (far === undefined || far.isClosed || end.isClosed) return;
      void Promise.resolve().then(() => {
        for (const listener of far.frames) listener(frame);
      });
    },
    onMessage(listener) {
      end.frames.add(listener);
      return () => end.frames.delete(listener);
    },
    onState(listener) {
      end.states.add(listener);
      listener({ kind: end.isClosed ? "closed" : "open", since: 0, reason: "" });
      return () => end.states.delete(listener);
    },
    backlog: () => 0,
    close() {
      for (const one of [end, end.far]) {
        if (one === undefined || one.isClosed) continue;
        one.isClosed = true;
        for (const listener of one.states) listener({ kind: "closed", since: 0, reason: "closed" });
      }
    },
  };
}
