import { useCallback, useEffect, useState } from "react";
import { command, engineNow } from "#renderer/connection.ts";
import { useHasHost, useStore } from "#renderer/state/use-store.ts";
import { age, amount, countdown, percent, profit, time, UNKNOWN, whole } from "#renderer/ui/format.ts";
import { KillSheet, RearmSheet } from "./kill-sheet.tsx";

const MODE = { simulation: "SIM", paper: "PAPER", live: "LIVE" } as const;

/** Once a second: ages and countdowns are for eyes, not for decisions. */
function useEngineClock(): number | undefined {
  const [now, setNow] = useState<number | undefined>(undefined);
  useEffect(() => {
    const timer = setInterval(() => setNow(engineNow()), 250);
    return () => clearInterval(timer);
  }, []);
  return now;
}

const KILL_TITLE = "One press (Ctrl+Alt+Shift+K) cancels every entry at once; stops stay";

export function StatusBar() {
  const status = useStore((state) => state.status);
  const link = useStore((state) => state.link);
  const now = useEngineClock() ?? status?.time;
  const [sheet, setSheet] = useState<"kill" | "rearm" | undefined>(undefined);
  const [said, setSaid] = useState("");
  const press = useCallback((reason: string): void => {
    setSheet("kill");
    setSaid("STOP is on its way");
    void command({ kind: "kill", mode: "stop", reason }).then((result) => setSaid(result.message));
  }, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isKill = (event.ctrlKey || event.metaKey) && event.altKey && event.shiftKey && event.code === "KeyK";
      if (!isKill || event.repeat) return;
      event.preventDefault();
      press("kill key pressed");
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [press]);
  const isKilled = status?.tradingState === "KILLED";
  const hasData = link.kind === "open" && status !== undefined;
  return (
    <section className={`status-bar status ${hasData ? "" : "stale"}`} aria-label="Status">
      <div className="item">
        <span className={`badge ${status?.profile ?? ""}`}>
          {status === undefined ? UNKNOWN : MODE[status.profile]}
        </span>
        <span>{status?.accountAlias ?? UNKNOWN}</span>
      </div>
      <div className="item">
        <span
          className={`state ${status?.tradingState ?? ""}`}
          title={status?.causes.map((cause) => cause.detail).join("\n")}
        >
          {status?.tradingState ?? UNKNOWN}
        </span>
        {(status?.causes.length ?? 0) > 0 && <small>{status?.causes[0]?.code}</small>}
        {isKilled && (
          <button type="button" onClick={() => setSheet("rearm")}>
            Re-arm…
          </button>
        )}
      </div>
      <div className="item">
        <span>{status === undefined ? UNKNOWN : status.armed ? `ARMED ${status.strategiesOn}` : "DISARMED"}</span>
        {status?.armed === false && !isKilled && <ArmButton isLive={status.profile === "live"} />}
      </div>
      <Readings status={status} now={now} hasHost={link.kind === "open"} />
      <button type="button" className="kill" onClick={() => press("KILL pressed")} title={KILL_TITLE}>
        <span>⬣ KILL</span>
        <small>{killNumbers(status)}</small>
      </button>
      {sheet === "kill" && <KillSheet said={said} onSaid={setSaid} onClose={() => setSheet(undefined)} />}
      {sheet === "rearm" && <RearmSheet onClose={() => setSheet(undefined)} />}
    </section>
  );
}

type ReadingsProps = { readonly status: Status; readonly now: number | undefined; readonly hasHost: boolean };

/** Link, age of the data, clock, the day, and what is left of it. */
function Readings({ status, now, hasHost }: ReadingsProps) {
  const state = hasHost ? status?.link.state : undefined;
  return (
    <>
      <div className="item" title={status?.link.detail}>
        <i className={`dot ${state === "live" ? "ok" : "down"}`} />
        <span>link {state ?? UNKNOWN}</span>
      </div>
      <div className="item data" title="age of the oldest watched symbol's data">
        <small>data</small>
        <span style={{ minWidth: "3.2em", textAlign: "right" }}>
          {hasHost && status?.data.oldestAgeMs !== undefined ? age(status.data.oldestAgeMs / 1000) : UNKNOWN}
        </span>
        <small>
          {status?.data.live ?? UNKNOWN}/{status?.data.watched ?? UNKNOWN}
        </small>
      </div>
      <div className="item clock">
        <span>{time(now)}</span>
        <small>{marketText(status, now)}</small>
      </div>
      <div className="item pnl">
        <small>day</small>
        <span className={(status?.pnl.day ?? 0) < 0 ? "down" : "up"}>{profit(status?.pnl.day)}</span>
        <small>{percent(status?.pnl.dayPercent)}</small>
      </div>
      <div className="item grow">
        <small title="room to the first loss stage">room {amount(status?.pnl.headroom)}</small>
        {(status?.alerts.critical ?? 0) > 0 && <span className="flag">{status?.alerts.critical} critical</span>}
        <small>{status?.speed === undefined ? "" : `${status.speed}×`}</small>
        <small>{status?.build}</small>
      </div>
    </>
  );
}

type Status = ReturnType<typeof useStore<import("#renderer/state/store.ts").State["status"]>>;

function killNumbers(status: Status): string {
  if (status === undefined) return "";
  const { entries, protective, positions, value } = status.kill;
  return `${entries} entries · ${protective} stops stay · ${positions} pos ${whole(Math.round(value / 1e6))}`;
}

function marketText(status: Status, now: number | undefined): string {
  if (status === undefined || now === undefined) return "";
  const { phase, close, nextOpen, isEarlyClose } = status.market;
  const half = isEarlyClose ? " · half day" : "";
  if (phase === "open") return `closes in ${countdown(close === undefined ? undefined : (close - now) / 1e6)}${half}`;
  return `closed · opens in ${countdown(nextOpen === undefined ? undefined : (nextOpen - now) / 1e6)}`;
}

/** In profile live the account id is typed. A refusal is said where it was asked. */
function ArmButton({ isLive }: { readonly isLive: boolean }) {
  const hasHost = useHasHost();
  const [accountId, setAccountId] = useState("");
  const [refusal, setRefusal] = useState("");
  const arm = (): void => {
    void command(isLive ? { kind: "arm", accountId } : { kind: "arm" }).then((result) =>
      setRefusal(result.accepted ? "" : result.message),
    );
  };
  return (
    <form
      className="arm"
      onSubmit={(event) => {
        event.preventDefault();
        arm();
      }}
    >
      {isLive && (
        <input
          className="account-id"
          aria-label="Type the account id to arm"
          placeholder="account id"
          value={accountId}
          onChange={(event) => setAccountId(event.target.value)}
        />
      )}
      <button type="submit" disabled={!hasHost || (isLive && accountId === "")}>
        Arm
      </button>
      <span className="refused" role="status">
        {refusal}
      </span>
    </form>
  );
}
