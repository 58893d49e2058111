import { SECOND } from "#shared/lib/time.ts";
import type { RiskFailure } from "#shared/model/risk.ts";
import { atMost, type Control, passed, rule } from "./control.ts";
import { collarReference, type MarketView, type RiskView } from "./risk-view.ts";

/** (ask - bid) / mid in percent; undefined for a one-sided, crossed or empty book. */
export function spreadPercent(market: MarketView): number | undefined {
  if (market.bid === undefined || market.ask === undefined || !(market.ask > 0 && market.bid > 0)) return undefined;
  const spread = market.ask - market.bid;
  return spread >= 0 ? (spread / ((market.ask + market.bid) / 2)) * 100 : undefined;
}

/** Seconds since the symbol's newest tick; undefined when there was none. */
export function dataAge(view: RiskView): number | undefined {
  return view.market.quoteTime === undefined ? undefined : (view.time - view.market.quoteTime) / SECOND;
}

/** A busy symbol must be fresher than a thin one: ten times its own median gap, between 5 s (the feed's bound, if that is longer) and the configured bound. */
export function allowedAge(view: RiskView): number {
  const wanted = 10 * (view.market.medianGapSeconds ?? 0);
  return Math.min(view.limits.stalenessSeconds, Math.max(5, view.limits.feedStalenessSeconds, wanted));
}

const stale: Control = {
  code: "DATA_STALE",
  scope: "O",
  title: "Age of the market data",
  unit: "s",
  configKey: "data.stalenessSeconds",
  check: (_, view) => {
    const feedAge = view.market.feedTime === undefined ? undefined : (view.time - view.market.feedTime) / SECOND;
    return [
      ...atMost("DATA_STALE", dataAge(view), allowedAge(view), "the symbol's quote is too old"),
      ...atMost("DATA_STALE", feedAge, view.limits.feedStalenessSeconds, "the whole feed is silent"),
      ...rule("DATA_STALE", !view.market.isFarmUp, "the market-data farm is down"),
      ...rule("DATA_STALE", !view.market.isLive, "delayed or frozen data are not tradable"),
    ];
  },
  read: (view) => {
    const value = dataAge(view);
    return { limit: allowedAge(view), ...(value === undefined ? {} : { value }) };
  },
};

const spread: Control = {
  code: "SPREAD_WIDE",
  scope: "O",
  title: "Bid-ask spread",
  unit: "%",
  configKey: "data.maxSpreadPercent",
  check: (_, view) =>
    atMost("SPREAD_WIDE", spreadPercent(view.market), view.limits.maxSpreadPercent, "spread too wide, or no two sides"),
  read: (view) => {
    const value = spreadPercent(view.market);
    return { limit: view.limits.maxSpreadPercent, ...(value === undefined ? {} : { value }) };
  },
};

const anomaly: Control = {
  code: "PX_ANOMALY",
  scope: "O",
  title: "Price not in quarantine",
  unit: "",
  check: (_, view) => rule("PX_ANOMALY", view.market.isQuarantined, "the last price jump is not confirmed yet"),
};

const collar: Control = {
  code: "PRICE_COLLAR",
  scope: "A",
  title: "Price near the market",
  unit: "%",
  check: ({ request, isOpening }, view) => {
    const reference = collarReference(view.market);
    if (reference === undefined) return isOpening ? rule("PRICE_COLLAR", true, "no market price is known") : passed;
    const failures: RiskFailure[] = [];
    const isBuy = request.side === "buy";
    if (request.limitPrice !== undefined) {
      const away = ((request.limitPrice - reference) / reference) * 100 * (isBuy ? 1 : -1);
      failures.push(...atMost("PRICE_COLLAR", away, view.limits.collarPercent, "limit too far through the market"));
      failures.push(
        ...atMost("PRICE_COLLAR", -away, view.limits.passiveCollarPercent, "limit too far from the market"),
      );
    }
    if (request.stopPrice !== undefined) {
      const away = (request.stopPrice - reference) * (isBuy ? 1 : -1);
      failures.push(...rule("PRICE_COLLAR", !(away > 0), "the stop trigger lies on the wrong side of the market"));
    }
    return failures;
  },
  read: (view) => ({ limit: view.limits.collarPercent }),
};

const marketProtect: Control = {
  code: "MARKET_PROTECT",
  scope: "A",
  title: "No naked market orders",
  unit: "%",
  // An exit of which no price at all is known leaves as it is, in the session (SESSION): no way out would be worse.
  check: ({ request, isOpening }) => {
    const isNaked = request.type === "market" && isOpening;
    return rule("MARKET_PROTECT", isNaked, "a market order could not be turned into a protected limit");
  },
  read: (view) => ({ limit: view.limits.marketableLimitPercent }),
};

const session: Control = {
  code: "SESSION",
  scope: "A",
  title: "Regular trading hours",
  unit: "",
  check: ({ request, isOpening }, view) => {
    if (view.session === undefined) {
      const mayRest = request.role === "stop" || request.role === "target";
      return rule("SESSION", isOpening || !mayRest, "the market is closed");
    }
    const left = (view.session.close - view.time) / SECOND;
    return rule("SESSION", isOpening && !(left >= 15), "no new position in the last 15 s of the session");
  },
};

const liquidity: Control = {
  code: "LIQUIDITY",
  scope: "O",
  title: "Average daily volume",
  unit: "shares",
  configKey: "risk.minVolumeShares",
  check: ({ request }, view) => {
    const volume = view.market.averageDailyVolume;
    if (volume === undefined) return rule("UNKNOWN_ADV", true, "fewer than 20 daily bars: average volume is unknown");
    if (volume >= view.limits.minVolumeShares) return passed;
    // Thin symbols stay tradable at a thousandth of their daily volume.
    return atMost("LIQUIDITY", request.quantity, Math.floor(volume / 1000), "too large for a thinly traded symbol");
  },
  read: (view) => {
    const value = view.market.averageDailyVolume;
    return value === undefined ? {} : { value };
  },
};

export const MARKET_CONTROLS: readonly Control[] = [collar, marketProtect, stale, spread, anomaly, session, liquidity];
