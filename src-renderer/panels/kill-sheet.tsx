import { useState } from "react";
import { command } from "#renderer/connection.ts";
import { useHasHost, useStore } from "#renderer/state/use-store.ts";
import { amount } from "#renderer/ui/format.ts";
import { useSafeFocus } from "#renderer/ui/use-safe-focus.ts";
import { REARM_PHRASE } from "#shared/model/command.ts";

type KillSheetProps = { readonly said: string; readonly onSaid: (text: string) => void; readonly onClose: () => void };

/** STOP has been sent already. This offers what goes further, each asked once; focus is on the safe button. */
export function KillSheet({ said, onSaid, onClose }: KillSheetProps) {
  const status = useStore((state) => state.status);
  const keep = useSafeFocus<HTMLButtonElement>();
  const go = (mode: "panic" | "panicFlatten"): void => {
    onSaid("on its way");
    void command({ kind: "kill", mode, reason: "from the kill sheet" }).then((result) => onSaid(result.message));
  };
  const kill = status?.kill;
  return (
    <div
      className="sheet"
      role="dialog"
      aria-label="Kill switch"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <h2>STOP: {said}</h2>
      <p>
        Entries are cancelled, protective stops stay at the broker, exits are made by hand. The switch stays latched.
      </p>
      <div className="actions">
        <button type="button" ref={keep} onClick={onClose}>
          Keep STOP
        </button>
        <button type="button" className="danger" onClick={() => go("panic")}>
          PANIC: cancel {kill?.protective ?? "all"} stops too, {kill?.positions ?? "all"} positions stay without
          protection
        </button>
        <button type="button" className="danger" onClick={() => go("panicFlatten")}>
          PANIC + FLATTEN: close {kill?.positions ?? "all"} positions, about {amount(kill?.value)}
        </button>
      </div>
      <p className="dim">Esc closes this sheet; STOP stands.</p>
    </div>
  );
}

/** Back from KILLED: phrase and reason, never a timer. */
export function RearmSheet({ onClose }: { readonly onClose: () => void }) {
  const causes = useStore((state) => state.status?.causes);
  const hasHost = useHasHost();
  const stay = useSafeFocus<HTMLButtonElement>();
  const [phrase, setPhrase] = useState("");
  const [reason, setReason] = useState("");
  const [said, setSaid] = useState("");
  const send = (): void => {
    void command({ kind: "rearm", phrase, reason }).then((result) => {
      setSaid(result.message);
      if (result.accepted) onClose();
    });
  };
  return (
    <div className="sheet" role="dialog" aria-label="Re-arm" onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <h2>Release the kill switch</h2>
      {causes?.map((cause) => (
        <p key={`${cause.code}${cause.scope}`}>
          <span className="flag">{cause.code}</span> {cause.detail}
        </p>
      ))}
      <label>
        Type {REARM_PHRASE}
        <input value={phrase} onChange={(event) => setPhrase(event.target.value)} />
      </label>
      <label>
        Reason, for the journal
        <input value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
      <p className="refused" role="status">
        {said}
      </p>
      <div className="actions">
        <button type="button" ref={stay} onClick={onClose}>
          Stay KILLED
        </button>
        <button type="button" disabled={!hasHost || phrase !== REARM_PHRASE || reason.trim() === ""} onClick={send}>
          Re-arm, strategies stay disarmed
        </button>
      </div>
    </div>
  );
}
