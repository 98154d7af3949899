interface SectionProps {
  readonly title: React.ReactNode;
  /** What it shows, in a few words. */
  readonly note?: React.ReactNode;
  /** At the right: age, count, link. */
  readonly aside?: React.ReactNode;
  readonly className?: string;
  readonly children: React.ReactNode;
}

/** A part of a page under its hairline. */
export function Section({ title, note, aside, className = "", children }: SectionProps) {
  return (
    <section className={`sec ${className}`}>
      <header>
        <h2>{title}</h2>
        {note !== undefined && <span className="note">{note}</span>}
        {aside !== undefined && <span className="push">{aside}</span>}
      </header>
      {children}
    </section>
  );
}

interface PageHeadProps {
  /** A finding where there is one: “7 things need a person”. */
  readonly title: React.ReactNode;
  readonly sub?: React.ReactNode;
  readonly actions?: React.ReactNode;
}

/** The one title of a page, and what it rests on. */
export function PageHead({ title, sub, actions }: PageHeadProps) {
  return (
    <div className="phead">
      <h1>{title}</h1>
      {sub !== undefined && <p className="sub">{sub}</p>}
      {actions !== undefined && <div className="actions">{actions}</div>}
    </div>
  );
}

export interface Fact {
  readonly name: string;
  readonly value: React.ReactNode;
  /** Source and age. */
  readonly source?: React.ReactNode;
  readonly wrap?: boolean;
}

/** Facts in lines: name, value, then where it comes from and how old it is. */
export function Facts({ facts, wide = false }: { readonly facts: readonly Fact[]; readonly wide?: boolean }) {
  return (
    <dl className={wide ? "facts wide" : "facts"}>
      {facts.map(({ name, value, source, wrap = false }) => (
        <FactLine key={name} name={name} value={value} source={source} wrap={wrap} />
      ))}
    </dl>
  );
}

function FactLine({ name, value, source, wrap }: Fact) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={wrap === true ? "v wrap" : "v"}>{value}</dd>
      <dd className="s">{source}</dd>
    </>
  );
}
