import { useState } from "react";
import { useStore } from "#renderer/state/use-store.ts";
import { Boundary } from "#renderer/ui/panel.tsx";
import { Alerts } from "./alerts.tsx";
import { Blotter } from "./blotter.tsx";
import { Decisions } from "./decisions.tsx";
import { MonitorPanel } from "./monitor.tsx";
import { Risk } from "./risk.tsx";
import { Settings } from "./settings.tsx";
import { Strategies } from "./strategies.tsx";

const TABS = {
  Orders: Blotter,
  Decisions,
  Strategies,
  Risk,
  Monitor: MonitorPanel,
  Alerts,
  Settings,
} as const;
type Tab = keyof typeof TABS;
const NAMES = Object.keys(TABS) as Tab[];

export function Bottom() {
  const [tab, setTab] = useState<Tab>("Orders");
  const alerts = useStore((state) => state.alerts.size);
  const Shown = TABS[tab];
  const move = (step: number): void => {
    const next = NAMES[(NAMES.indexOf(tab) + step + NAMES.length) % NAMES.length];
    if (next === undefined) return;
    setTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <section className="panel bottom" aria-label="Orders and records" data-panel tabIndex={-1}>
      <div
        className="tabs"
        role="tablist"
        aria-label="Orders and records"
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") move(1);
          if (event.key === "ArrowLeft") move(-1);
        }}
      >
        {NAMES.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={tab === name}
            aria-controls="bottom-panel"
            tabIndex={tab === name ? 0 : -1}
            onClick={() => setTab(name)}
          >
            {name === "Alerts" && alerts > 0 ? `Alerts ${alerts}` : name}
          </button>
        ))}
      </div>
      <div
        id="bottom-panel"
        role="tabpanel"
        aria-labelledby={`tab-${tab}`}
        style={{ display: "flex", flexDirection: "column", flex: 1, minHeight: 0 }}
      >
        <Boundary key={tab} name={tab}>
          <Shown />
        </Boundary>
      </div>
    </section>
  );
}
