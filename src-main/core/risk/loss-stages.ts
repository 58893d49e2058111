import type { RiskGauge, StateCause } from "#shared/model/risk.ts";
import type { RiskLimits } from "./risk-view.ts";

/** Currency units; undefined = not known yet. */
export type LossInput = {
  readonly equity: number;
  readonly sessionStartEquity: number | undefined;
  readonly highWaterEquity: number | undefined;
  /** Equity at which a person re-armed after a kill in this session. */
  readonly acknowledgedEquity?: number;
};

export type LossStage = Pick<StateCause, "code" | "severity" | "detail" | "clears">;

/** Loss of the session in percent of its first equity; negative numbers are gains. Undefined before the first session. */
function dayLossPercent(input: LossInput): number | undefined {
  const start = input.sessionStartEquity;
  return start === undefined || !(start > 0) ? undefined : ((start - input.equity) / start) * 100;
}

function drawdownPercent(input: LossInput): number | undefined {
  const high = input.highWaterEquity;
  return high === undefined || !(high > 0) ? undefined : ((high - input.equity) / high) * 100;
}

/** The loss in percent that kills: the tighter of the percentage and the amount. */
function dayKillPercent(input: LossInput, limits: RiskLimits): number {
  const start = input.sessionStartEquity;
  if (limits.dailyLossKillAmount === undefined || start === undefined || !(start > 0))
    return limits.dailyLossKillPercent;
  return Math.min(limits.dailyLossKillPercent, (limits.dailyLossKillAmount / start) * 100);
}

/** A loss that a person has seen and re-armed after kills again only one point of the session's first equity deeper. */
function isAcknowledged({ acknowledgedEquity, equity, sessionStartEquity }: LossInput): boolean {
  if (acknowledgedEquity === undefined) return false;
  return equity > acknowledgedEquity - 0.01 * (sessionStartEquity ?? acknowledgedEquity);
}

/** Every loss stage that stands, strictest per code: -2 % / -3 % of the day, 7 % / 10 % from the high-water mark. */
export function lossStages(input: LossInput, limits: RiskLimits): readonly LossStage[] {
  const stages: LossStage[] = [];
  const day = dayLossPercent(input);
  const kill = dayKillPercent(input, limits);
  const mayKill = !isAcknowledged(input);
  if (mayKill && day !== undefined && day >= kill) {
    stages.push(stage("DAILY_LOSS", "KILLED", `day loss ${day.toFixed(2)} % reached ${kill.toFixed(2)} %`, "re-arm"));
  } else if (day !== undefined && day >= limits.dailyLossReducePercent) {
    const limit = limits.dailyLossReducePercent.toFixed(2);
    stages.push(stage("DAILY_LOSS", "REDUCING", `day loss ${day.toFixed(2)} % reached ${limit} %`, "next session"));
  }
  const drawdown = drawdownPercent(input);
  if (mayKill && drawdown !== undefined && drawdown >= limits.drawdownKillPercent) {
    const limit = limits.drawdownKillPercent.toFixed(2);
    stages.push(stage("DRAWDOWN", "KILLED", `drawdown ${drawdown.toFixed(2)} % reached ${limit} %`, "re-arm"));
  } else if (drawdown !== undefined && drawdown >= limits.drawdownReducePercent) {
    const limit = limits.drawdownReducePercent.toFixed(2);
    stages.push(stage("DRAWDOWN", "REDUCING", `drawdown ${drawdown.toFixed(2)} % reached ${limit} %`, "re-arm"));
  }
  return stages;
}

function stage(code: LossStage["code"], severity: LossStage["severity"], detail: string, clears: string): LossStage {
  return { code, severity, detail, clears };
}

/**
 * The state-changing limits as the risk console shows them, against their first stage. `worstPositionPercent` is the
 * largest unrealised loss of a holding in percent of its entry value, 0 while none loses.
 */
export function lossGauges(input: LossInput, worstPositionPercent: number, limits: RiskLimits): readonly RiskGauge[] {
  const gauge = (
    code: "DAILY_LOSS" | "DRAWDOWN" | "POSITION_LOSS",
    configKey: string,
    title: string,
    value: number | undefined,
    limit: number,
  ): RiskGauge => ({
    code,
    title,
    scope: "S",
    unit: "%",
    limit,
    denialsToday: 0,
    configKey,
    ...(value === undefined ? {} : { value, headroom: limit - value }),
  });
  return [
    gauge(
      "DAILY_LOSS",
      "risk.dailyLossReducePercent",
      "Loss of the session",
      dayLossPercent(input),
      limits.dailyLossReducePercent,
    ),
    gauge(
      "DRAWDOWN",
      "risk.drawdownReducePercent",
      "Drawdown from the high-water mark",
      drawdownPercent(input),
      limits.drawdownReducePercent,
    ),
    gauge(
      "POSITION_LOSS",
      "risk.positionLossPercent",
      "Largest loss of a holding",
      worstPositionPercent,
      limits.positionLossPercent,
    ),
  ];
}
