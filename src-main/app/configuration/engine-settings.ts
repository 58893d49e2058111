import type { EngineOptions } from "#core/engine/options.ts";
import type { Configuration } from "#shared/model/config.ts";

/** What of the engine's options the configuration decides. The host adds run, account, calendar and build. */
export type EngineSettings = Pick<
  EngineOptions,
  | "profile"
  | "symbols"
  | "interval"
  | "strategies"
  | "limits"
  | "sizing"
  | "orderTimeoutSeconds"
  | "positionTimeoutHours"
  | "startsArmed"
> &
  Partial<Pick<EngineOptions, "assumeAdv">>;

/** The limits that block are the limits that were loaded: the one way from the configuration to the engine. */
export function engineSettings(config: Configuration): EngineSettings {
  const { risk, data, sizing, execution, strategy, simulation, breaker } = config;
  const { assumeAdv } = simulation;
  return {
    profile: config.profile,
    symbols: config.symbols,
    interval: strategy.interval,
    strategies: strategy.enabled.map((id) => ({ id, parameters: strategy.parameters[id] ?? {} })),
    limits: {
      maxOrderQuantity: risk.maxOrderQuantity,
      maxOrderNotional: risk.maxOrderNotional,
      maxOrderEquityPercent: risk.maxOrderEquityPercent,
      maxAdvPercent: risk.maxAdvPercent,
      maxOpenPositions: risk.maxOpenPositions,
      maxSymbolPercent: risk.maxSymbolPercent,
      maxGrossPercent: risk.maxGrossPercent,
      maxNetPercent: risk.maxNetPercent,
      maxOrdersPerMinute: risk.maxOrdersPerMinute,
      maxDailyTrades: risk.maxDailyTrades,
      maxDailyNotional: risk.maxDailyNotional,
      maxOpenOrdersPerSide: risk.maxOpenOrdersPerSide,
      maxOpenOrders: risk.maxOpenOrders,
      maxConcurrentParents: execution.maxConcurrentParents,
      stopLossPercent: risk.stopLossPercent,
      takeProfitPercent: risk.takeProfitPercent,
      dailyLossReducePercent: risk.dailyLossReducePercent,
      dailyLossKillPercent: risk.dailyLossKillPercent,
      dailyLossKillAmount: risk.dailyLossKillAmount,
      drawdownReducePercent: risk.drawdownReducePercent,
      drawdownKillPercent: risk.drawdownKillPercent,
      stalenessSeconds: data.stalenessSeconds,
      feedStalenessSeconds: data.feedStalenessSeconds,
      maxSpreadPercent: data.maxSpreadPercent,
      collarPercent: risk.collarPercent,
      passiveCollarPercent: risk.passiveCollarPercent,
      marketableLimitPercent: risk.marketableLimitPercent,
      minVolumeShares: risk.minVolumeShares,
      buyingPowerPercent: risk.buyingPowerPercent,
      accountValuesSeconds: risk.accountValuesSeconds,
      signalExpirySeconds: risk.signalExpirySeconds,
      duplicateSeconds: risk.duplicateSeconds,
      maxSectorPercent: risk.maxSectorPercent,
      positionLossPercent: risk.positionLossPercent,
      breakerThreshold: breaker.threshold,
      breakerTimeoutSeconds: breaker.timeoutSeconds,
    },
    sizing: { positionPercent: sizing.positionPercent, riskPercent: sizing.riskPercent },
    orderTimeoutSeconds: execution.orderTimeoutSeconds,
    positionTimeoutHours: execution.positionTimeoutHours,
    startsArmed: config.profile === "simulation",
    ...(assumeAdv === undefined ? {} : { assumeAdv }),
  };
}
