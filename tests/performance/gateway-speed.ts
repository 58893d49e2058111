import { connect } from "node:net";
import { encodeFrame } from "#adapters/gateway-simulator/codec/frame.ts";
import { until } from "#tests/support/host.ts";
import { runCli } from "#tests/support/processes.ts";
import type { Figure } from "./statistics.ts";

const SYMBOLS = ["AAPL", "NVDA", "SOFI"] as const;
const ENDED = "played to its end";

/** Messages a second over loopback: a recorded day at full speed to one client that answers every step. */
export async function gatewaySpeed(sample: string): Promise<readonly Figure[]> {
  const flags = ["--replay", `${sample}/minute`, "--daily", `${sample}/daily`, "--speed", "max", "--lock-step", "10"];
  const running = runCli(["gateway", "--json", ...flags]);
  await until(() => running.output.stdout.trimEnd().endsWith("}"), "the gateway says its port");
  const { port } = JSON.parse(running.output.stdout) as { readonly port: number };
  const counted = await drain(port, () => running.output.stderr.includes(ENDED));
  running.child.kill("SIGTERM");
  await running.exited;
  const seconds = counted.milliseconds / 1_000;
  return [
    {
      name: "gateway, both ways, lock-step",
      value: Math.round((counted.received + counted.sent) / seconds),
      unit: "messages/s",
      beside: `${Math.round(counted.steps / seconds)} steps/s, ${counted.received} in, ${counted.sent} out`,
    },
  ];
}

type Counted = { received: number; sent: number; steps: number; milliseconds: number };

/** Shakes hands, subscribes, and answers each marker until the market has been played. */
function drain(port: number, hasEnded: () => boolean): Promise<Counted> {
  const counted: Counted = { received: 0, sent: 0, steps: 0, milliseconds: 0 };
  const socket = connect({ host: "127.0.0.1", port });
  socket.setNoDelay(true);
  const send = (...fields: readonly (string | number)[]): void => {
    counted.sent += 1;
    socket.write(encodeFrame(fields));
  };
  const onFrame = (text: string): void => {
    counted.received += 1;
    if (counted.received === 1) send(71, 2, 10, "");
    if (text.startsWith("9\0")) {
      SYMBOLS.forEach((symbol, index) => {
        send(1, 11, index + 1, 0, symbol, "STK", "", "", "", "", "SMART", "", "USD", "", "", 0, "", 0, 0, "");
      });
    }
    if (!text.startsWith("49\0")) return;
    counted.steps += 1;
    send(49, 1);
  };
  let pending: Buffer = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    let at = 0;
    while (pending.length - at >= 4 && pending.length - at >= 4 + pending.readUInt32BE(at)) {
      const length = pending.readUInt32BE(at);
      onFrame(pending.toString("latin1", at + 4, at + 4 + Math.min(length, 16)));
      at += 4 + length;
    }
    pending = pending.subarray(at);
  });
  const range = "v100..193";
  const length = Buffer.alloc(4);
  length.writeUInt32BE(range.length);
  socket.write(Buffer.concat([Buffer.from("API\0"), length, Buffer.from(range)]));
  const began = performance.now();
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    const timer = setInterval(() => {
      if (!hasEnded()) return;
      clearInterval(timer);
      socket.destroy();
      resolve({ ...counted, milliseconds: performance.now() - began });
    }, 5);
  });
}
