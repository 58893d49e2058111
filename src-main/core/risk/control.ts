import type { OrderRequest } from "#shared/model/order.ts";
import type { RiskCode, RiskFailure, RiskGauge } from "#shared/model/risk.ts";
import { isOpening, type RiskView, referencePrice } from "./risk-view.ts";

/** A request with what every control needs to know of it, worked out once. */
export type Judged = {
  readonly request: OrderRequest;
  readonly isOpening: boolean;
  /** Currency units a share; undefined when no price is known. */
  readonly price: number | undefined;
  readonly notional: number | undefined;
};

/** What a limit says when nobody asks: its value now, the limit, and the room left. */
export type Reading = { readonly value?: number; readonly limit?: number };

/**
 * One limit. `check` returns every way in which the request breaks it; comparisons are written so that NaN fails.
 * `scope`: A every order, O opening orders only, S changes the trading state.
 */
export type Control = {
  readonly code: RiskCode;
  readonly scope: "A" | "O" | "S";
  readonly title: string;
  readonly unit: string;
  /** Key of the configuration that sets the limit. */
  readonly configKey?: string;
  readonly check: (judged: Judged, view: RiskView) => readonly RiskFailure[];
  /** Undefined for rules without a number. */
  readonly read?: (view: RiskView) => Reading;
  readonly notApplicable?: string;
};

export function judge(request: OrderRequest, view: RiskView): Judged {
  const price = referencePrice(request, view.market);
  const multiplier = view.instrument?.multiplier ?? 1;
  return {
    request,
    isOpening: isOpening(request, view),
    price,
    notional: price === undefined ? undefined : price * request.quantity * multiplier,
  };
}

export const passed: readonly RiskFailure[] = [];

/** A rule without numbers: broken or not. */
export function rule(code: RiskCode, isBroken: boolean, detail: string): readonly RiskFailure[] {
  return isBroken ? [{ code, detail }] : passed;
}

/** `requested` must not exceed `allowed`. Unknown or not-a-number fails, and is left out of what the refusal says. */
export function atMost(
  code: RiskCode,
  requested: number | undefined,
  allowed: number,
  detail: string,
): readonly RiskFailure[] {
  if (requested === undefined) return [{ code, detail: `${detail}: unknown`, allowed }];
  return requested <= allowed
    ? passed
    : [{ code, detail, ...finite({ allowed, requested, headroom: allowed - requested }) }];
}

/** Only the numbers that are known: a decision is journalled and hashed, and neither holds a NaN. */
function finite<K extends string>(numbers: Readonly<Record<K, number | undefined>>): { readonly [name in K]?: number } {
  const known = Object.entries(numbers).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(known) as { readonly [name in K]?: number };
}

/** The row of the risk console for one control. */
export function gaugeOf(
  control: Control,
  view: RiskView,
  denials: { readonly count: number; readonly lastTime?: number },
): RiskGauge {
  const { value: read, limit: bound } = control.read?.(view) ?? {};
  const numbers = finite({ value: read, limit: bound, headroom: (bound ?? Number.NaN) - (read ?? Number.NaN) });
  return {
    code: control.code,
    title: control.title,
    scope: control.scope,
    unit: control.unit,
    denialsToday: denials.count,
    ...numbers,
    ...(control.configKey === undefined ? {} : { configKey: control.configKey }),
    ...(denials.lastTime === undefined ? {} : { lastDenialTime: denials.lastTime }),
    ...(control.notApplicable === undefined ? {} : { notApplicable: control.notApplicable }),
  };
}
