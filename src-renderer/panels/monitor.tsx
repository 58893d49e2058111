import type { State } from "#renderer/state/store.ts";
import { useStore } from "#renderer/state/use-store.ts";
import { milliseconds, number, time, whole } from "#renderer/ui/format.ts";
import { Empty } from "#renderer/ui/panel.tsx";

const WAYS: Readonly<Record<string, string>> = {
  tickToOrder: "tick → order bytes",
  process: "engine, one event",
  journal: "durable write",
  submit: "order → socket",
  settle: "step settled",
};

/** Latencies, rates, queues and health as measured; what is not measured is a dash. */
type Readings = { readonly monitor: NonNullable<State["monitor"]> };

export function MonitorPanel() {
  const monitor = useStore((state) => state.monitor);
  if (monitor === undefined) return <Empty>Waiting for the first readings.</Empty>;
  return (
    <section className="body two" aria-label="Monitor" tabIndex={0}>
      <Latency monitor={monitor} />
      <Health monitor={monitor} />
      <Queues monitor={monitor} />
    </section>
  );
}

function Latency({ monitor }: Readings) {
  return (
    <div>
      <h3>Latency, wall time</h3>
      <table aria-label="Latency">
        <thead>
          <tr>
            <th scope="col">Way</th>
            <th scope="col" className="number">
              n
            </th>
            <th scope="col" className="number">
              p50
            </th>
            <th scope="col" className="number">
              p99
            </th>
            <th scope="col" className="number">
              max
            </th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(monitor.latency).map(([name, row]) => (
            <tr key={name}>
              <td>{WAYS[name] ?? name}</td>
              <td className="number">{whole(row.count)}</td>
              <td className="number">{milliseconds(row.p50)}</td>
              <td className="number">{milliseconds(row.p99)}</td>
              <td className="number">{milliseconds(row.max)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Health({ monitor }: Readings) {
  return (
    <div>
      <h3>Health</h3>
      <table aria-label="Health" className="fixed">
        <colgroup>
          <col style={{ width: "112px" }} />
          <col style={{ width: "68px" }} />
          <col />
        </colgroup>
        <tbody>
          {monitor.health.map((row) => (
            <tr key={row.name}>
              <td>
                <i className={`dot ${row.state}`} style={{ display: "inline-block", marginRight: "6px" }} />
                {row.name}
              </td>
              <td>{row.state}</td>
              <td className="dim" title={row.detail}>
                {row.detail}
              </td>
            </tr>
          ))}
          {monitor.connections.map((row) => (
            <tr key={row.role}>
              <td>
                <i
                  className={`dot ${row.state === "live" ? "ok" : "warning"}`}
                  style={{ display: "inline-block", marginRight: "6px" }}
                />
                {row.role} #{row.clientId}
              </td>
              <td>{row.state}</td>
              <td className="dim">
                v{row.serverVersion ?? "—"}, attempt of generation {row.generation}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Queues({ monitor }: Readings) {
  return (
    <div>
      <h3>Queues and rates</h3>
      <table aria-label="Queues and rates">
        <tbody>
          {Object.entries(monitor.queues).map(([name, row]) => (
            <tr key={name}>
              <td>{name} queue</td>
              <td className="number">
                {whole(row.depth)}
                {row.bound === undefined ? "" : ` / ${whole(row.bound)}`}
              </td>
            </tr>
          ))}
          {Object.entries(monitor.rates).map(([name, value]) => (
            <tr key={name}>
              <td>
                {name === "eventsPerSecond"
                  ? "events a second"
                  : name === "messagesLastSecond"
                    ? "messages to the gateway, last second"
                    : name}
              </td>
              <td className="number">{number(value, 0)}</td>
            </tr>
          ))}
          <tr>
            <td>memory</td>
            <td className="number">{number(monitor.memory.rssBytes / 1e6, 0)} MB</td>
          </tr>
          <tr>
            <td>engine time</td>
            <td className="number">{time(monitor.time)}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}
