import { createServer, connect as open, type Server, type Socket } from "node:net";

/** Stands between a host and a gateway and spoils what the gateway says. */
export type TamperingProxy = {
  readonly port: number;
  /** Writes bytes to every client, as if the gateway had said them. */
  inject(bytes: Buffer): void;
  /** From now on each byte of the gateway travels alone. */
  splitBytes(isOn: boolean): void;
  close(): void;
};

export async function startTamperingProxy(gatewayPort: number): Promise<TamperingProxy> {
  const clients = new Set<Socket>();
  const gateways = new Set<Socket>();
  let isSplitting = false;
  const server: Server = createServer((client) => {
    client.setNoDelay(true);
    const gateway = open({ host: "127.0.0.1", port: gatewayPort });
    clients.add(client);
    gateways.add(gateway);
    const end = (): void => {
      clients.delete(client);
      gateways.delete(gateway);
      client.destroy();
      gateway.destroy();
    };
    client.on("data", (bytes) => gateway.write(bytes));
    gateway.on("data", (bytes: Buffer) => {
      if (!isSplitting) client.write(bytes);
      else for (const byte of bytes) client.write(Buffer.of(byte));
    });
    for (const socket of [client, gateway]) {
      socket.on("error", end);
      socket.on("close", end);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    inject: (bytes) => {
      for (const client of clients) client.write(bytes);
    },
    splitBytes: (isOn) => {
      isSplitting = isOn;
    },
    close: () => {
      for (const socket of [...clients, ...gateways]) socket.destroy();
      server.close();
    },
  };
}
