import { Component, type ReactNode } from "react";

type PanelProps = {
  readonly title: string;
  readonly className?: string;
  readonly tools?: ReactNode;
  readonly children: ReactNode;
};

/** A titled region that F6 stops at. What fails inside stays inside. */
export function Panel({ title, className, tools, children }: PanelProps) {
  return (
    <section className={`panel ${className ?? ""}`} aria-label={title} data-panel tabIndex={-1}>
      <header>
        <h2>{title}</h2>
        {tools}
      </header>
      <Boundary name={title}>{children}</Boundary>
    </section>
  );
}

/** One panel's failure leaves the others alive. */
export class Boundary extends Component<
  { readonly name: string; readonly children: ReactNode },
  { readonly error: string | undefined }
> {
  override state: { readonly error: string | undefined } = { error: undefined };

  static getDerivedStateFromError(error: unknown): { readonly error: string } {
    return { error: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return (
      <div className="empty" role="alert">
        <p>
          {this.props.name} failed: {this.state.error}
        </p>
        <button type="button" onClick={() => this.setState({ error: undefined })}>
          Reload panel
        </button>
      </div>
    );
  }
}

export function Empty({ children }: { readonly children: ReactNode }) {
  return <div className="empty">{children}</div>;
}
