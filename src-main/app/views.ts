import { wallMs } from "#adapters/system/clock.ts";
import type { ConfigurationRowData } from "#app/engine-thread.ts";
import type { Trading } from "#app/trading.ts";
import { riskGauges } from "#core/engine/risk-stage.ts";
import { accountView, statusView } from "#core/engine/views.ts";
import { createFeatureSet } from "#core/features/feature-set.ts";
import { FEATURES } from "#core/features/registry.ts";
import type { PublicationSink } from "#runtime/runner.ts";
import { createTopicHub } from "#runtime/topic-hub.ts";
import type { RequestName, RequestOf, ResponseOf } from "#shared/contract/requests.ts";
import type { TopicName } from "#shared/contract/topics.ts";
import { present } from "#shared/lib/assert.ts";
import { SECOND } from "#shared/lib/time.ts";
import type { CommandResult, Origin } from "#shared/model/command.ts";
import { TIMEFRAMES } from "#shared/model/market.ts";
import type { Port } from "#shared/rpc/port.ts";
import { serve, type ViewHost } from "#shared/rpc/server.ts";
import { createMonitor } from "./monitor.ts";

/** Lossy topics are told ten times a second at most, the slow ones once. */
const FLUSH_MS = 100;
const SLOW_MS = 1_000;
/** A command older than this by engine time is not what the person sees any more. */
const STALE_SECONDS = 2;

type ViewsOptions = {
  readonly speed: number | "max" | undefined;
  readonly build: string;
  readonly configuration: readonly ConfigurationRowData[];
};

export type Views = {
  readonly publications: PublicationSink;
  attach(trading: Trading): void;
  serve(port: Port, from: Origin["from"]): void;
  stop(): void;
};

/** The engine as views see it: topics out of its state, requests answered by it. */
export function createViews(options: ViewsOptions): Views {
  return new EngineViews(options);
}

class EngineViews implements Views {
  private readonly options: ViewsOptions;
  private trading: Trading | undefined;
  private monitor: ReturnType<typeof createMonitor> | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly hub = createTopicHub({
    pull: (topic, key) => this.pull(topic, key),
    all: (topic) => this.all(topic),
  });
  readonly publications: PublicationSink = {
    publish: (topic, key, body) => this.hub.publish(topic, key, body),
    touch: (topic, key) => this.onTouch(topic, key),
  };

  constructor(options: ViewsOptions) {
    this.options = options;
  }

  attach(trading: Trading): void {
    this.trading = trading;
    this.monitor = createMonitor(trading);
    trading.engine.signals.publishAll();
    for (const effect of trading.engine.context.drain()) {
      if (effect.kind === "publish") this.hub.publish(effect.topic, effect.key, effect.body);
    }
    for (const order of trading.engine.context.ledger.orders.values()) {
      this.hub.publish("orders", order.orderRef, order);
    }
    for (const execId of trading.engine.context.ledger.executions.keys()) {
      this.hub.publish("fills", execId, trading.engine.context.fill(execId));
    }
    for (const symbol of trading.engine.context.ledger.portfolio.symbols()) {
      this.hub.publish("positions", symbol, trading.engine.context.position(symbol));
    }
    this.timers.push(
      setInterval(() => this.hub.flush(), FLUSH_MS),
      setInterval(() => this.tellSlowTopics(), SLOW_MS),
    );
  }

  stop(): void {
    for (const timer of this.timers.splice(0)) clearInterval(timer);
  }

  serve(port: Port, from: Origin["from"]): void {
    const host: ViewHost = {
      build: this.options.build,
      now: () => this.trading?.clock.now() ?? 0,
      rate: () => this.factor(),
      handle: (name, body) => this.handle(name, body, from),
      snapshot: (topic) => this.hub.snapshot(topic),
      onDelta: (listener) => this.hub.onDelta(listener),
    };
    serve(port, host, wallMs);
  }

  private onTouch(topic: string, key: string): void {
    if (topic !== "bars") return this.hub.touch(topic, key);
    // A completed bar is news that no chart may miss.
    const [symbol = "", timeframe] = key.split(":");
    const known = TIMEFRAMES.find((one) => one === timeframe);
    const bar = known === undefined ? undefined : this.trading?.engine.context.market.bars(symbol, known, 1)[0];
    if (bar !== undefined) this.hub.publish("bars", key, { symbol, timeframe: known, bar, complete: true });
  }

  private tellSlowTopics(): void {
    const { trading } = this;
    if (trading === undefined) return;
    this.hub.touch("status", "status");
    this.hub.touch("account", "account");
    this.hub.touch("monitor", "monitor");
    for (const gauge of riskGauges(trading.engine.context)) this.hub.publish("risk", gauge.code, gauge);
    for (const symbol of trading.engine.context.ledger.portfolio.symbols()) {
      const position = trading.engine.context.position(symbol);
      if (position !== undefined && position.quantity !== 0) this.hub.publish("positions", symbol, position);
    }
  }

  private pull(topic: TopicName, key: string): readonly unknown[] {
    const context = this.trading?.engine.context;
    if (context === undefined) return [];
    if (topic === "quotes") return [context.market.quoteView(key)];
    if (topic === "formingBars") {
      return TIMEFRAMES.flatMap((timeframe) => {
        const bar = context.market.forming(key, timeframe);
        return bar === undefined ? [] : [{ symbol: key, timeframe, bar, complete: false }];
      });
    }
    return this.all(topic);
  }

  private all(topic: TopicName): readonly unknown[] {
    const { trading } = this;
    if (trading === undefined) return [];
    const { context } = trading.engine;
    switch (topic) {
      case "status":
        return [this.status(trading)];
      case "account":
        return [accountView(context)];
      case "monitor":
        return this.monitor === undefined ? [] : [this.monitor()];
      case "quotes":
        return context.market.symbols().map((symbol) => context.market.quoteView(symbol));
      case "risk":
        return riskGauges(context);
      case "strategies":
        return trading.engine.signals.views();
      default:
        return [];
    }
  }

  private status(trading: Trading) {
    const { context } = trading.engine;
    const { accountId, profile } = context.options;
    const alerts = trading.runner.telemetry.counts();
    const orderPath = trading.runner.telemetry.distribution("tickToOrder");
    const { speed, build } = this.options;
    const { messagesLastSecond } = trading.broker.counters();
    return {
      profile,
      accountAlias:
        accountId.length > 5
          ? `${accountId.slice(0, profile === "simulation" ? 5 : 1)}…${accountId.slice(-4)}`
          : accountId,
      build,
      ...statusView(context),
      time: trading.clock.now(),
      alerts: { critical: alerts["alerts.critical"] ?? 0, warning: alerts["alerts.warning"] ?? 0 },
      ...(messagesLastSecond === undefined ? {} : { messagesLastSecond }),
      ...(speed === undefined ? {} : { speed }),
      ...(orderPath.p99 === undefined ? {} : { orderPathP99Ms: orderPath.p99 }),
    };
  }

  private factor(): number {
    return typeof this.options.speed === "number" ? this.options.speed : 1;
  }

  private async handle<N extends RequestName>(
    name: N,
    body: RequestOf<N>,
    from: Origin["from"],
  ): Promise<ResponseOf<N>> {
    const trading = present(this.trading, "requests are served once trading has started");
    const answer = await this.answer(trading, { name, body } as never, from);
    return answer as ResponseOf<N>;
  }

  private async answer(
    trading: Trading,
    asked: { [N in RequestName]: { readonly name: N; readonly body: RequestOf<N> } }[RequestName],
    from: Origin["from"],
  ): Promise<unknown> {
    const { context } = trading.engine;
    switch (asked.name) {
      case "command":
        return this.command(trading, asked.body, from);
      case "preview":
        return previewOf(trading, asked.body);
      case "bars":
        return { bars: context.market.bars(asked.body.symbol, asked.body.timeframe, asked.body.count) };
      case "features":
        return featuresOf(trading, asked.body);
      case "configuration":
        return { rows: this.options.configuration };
      case "report":
        return { report: trading.report() };
      // The host answers it before it comes here, and only who may read the data directory may ask.
      case "loginUrl":
        throw new Error("a login address is given on the control socket alone");
    }
  }

  /** Kill and the cancel of an order are never too old; everything else must be what the person still sees. */
  private async command(trading: Trading, body: RequestOf<"command">, from: Origin["from"]): Promise<CommandResult> {
    const { command, commandId, issueTime } = body;
    const isTimeless = command.kind === "kill" || command.kind === "cancelOrder";
    const age = (trading.clock.now() - issueTime) / SECOND / this.factor();
    if (!isTimeless && !(Math.abs(age) <= STALE_SECONDS)) {
      const detail = `the command is ${age.toFixed(1)} s old; ${STALE_SECONDS} s are allowed`;
      const failure = { code: "STALE_COMMAND", detail, allowed: STALE_SECONDS, requested: age };
      return { commandId, accepted: false, message: detail, orderRefs: [], failures: [failure] };
    }
    return trading.command(commandId, command, { who: "local user", from });
  }
}

function previewOf(trading: Trading, body: RequestOf<"preview">): ResponseOf<"preview"> {
  const { outcome, view, decision } = trading.engine.commands.preview(body.ticket);
  // What the preview read it must not have changed: nothing was reserved, nothing is sent.
  trading.engine.context.drain();
  const price = outcome.request.limitPrice ?? outcome.request.stopPrice ?? view.market.last;
  const notional = price === undefined ? undefined : price * outcome.request.quantity;
  const stop = outcome.request.stopLoss;
  const atRisk =
    price === undefined || stop === undefined ? undefined : Math.abs(price - stop) * outcome.request.quantity;
  const commission =
    notional === undefined ? undefined : Math.min(0.01 * notional, Math.max(1, 0.005 * outcome.request.quantity));
  const nearest = riskGauges(trading.engine.context)
    .flatMap(({ code, unit, headroom, limit }) =>
      headroom === undefined || limit === undefined || limit === 0 ? [] : [{ code, unit, headroom, limit }],
    )
    .sort((a, b) => a.headroom / a.limit - b.headroom / b.limit)
    .slice(0, 5);
  return {
    decision,
    nearest,
    ...(notional === undefined ? {} : { notional }),
    ...(atRisk === undefined ? {} : { atRisk }),
    ...(commission === undefined ? {} : { estimatedCommission: commission }),
  };
}

/** The same kernels over the same bars as the strategies saw: equal to the last bit. */
function featuresOf(trading: Trading, body: RequestOf<"features">): ResponseOf<"features"> {
  const { market } = trading.engine.context;
  const names = body.names.filter((name) => FEATURES.has(name));
  const bars = market.bars(body.symbol, body.timeframe, 5_000);
  const set = createFeatureSet(names, { calendar: market.calendar, timeframe: body.timeframe });
  const vectors = bars.map((bar) => set.push(bar)).slice(-body.count);
  const series = Object.fromEntries(
    names.map((name, index) => [
      name,
      vectors.map(({ values }) => {
        const value = values[index];
        return value === undefined || Number.isNaN(value) ? null : value;
      }),
    ]),
  );
  return { starts: vectors.map(({ start }) => start), series };
}
