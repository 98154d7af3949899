import { lookOf, type Shape, type StateSystem, TONE_SHAPE, type Tone } from "#server/kernel/states.ts";

const STROKE = { fill: "none", stroke: "currentColor" } as const;

const SHAPES: Readonly<Record<Shape, React.ReactNode>> = {
  dot: <circle cx="6" cy="6" r="4.5" fill="currentColor" />,
  ring: <circle cx="6" cy="6" r="4" {...STROKE} strokeWidth="1.5" />,
  slash: (
    <>
      <circle cx="6" cy="6" r="4" {...STROKE} strokeWidth="1.4" />
      <path d="M3.2 8.8 8.8 3.2" {...STROKE} strokeWidth="1.4" />
    </>
  ),
  square: <rect x="2" y="2" width="8" height="8" {...STROKE} strokeWidth="1.5" />,
  clock: (
    <>
      <rect x="2" y="2" width="8" height="8" {...STROKE} strokeWidth="1.4" />
      <path d="M6 3.8V6h2" {...STROKE} strokeWidth="1.2" />
    </>
  ),
  half: (
    <>
      <circle cx="6" cy="6" r="4" {...STROKE} strokeWidth="1.5" />
      <path d="M6 2a4 4 0 0 0 0 8z" fill="currentColor" />
    </>
  ),
  diamond: (
    <>
      <path d="M6 1.4 10.6 6 6 10.6 1.4 6z" {...STROKE} strokeWidth="1.4" />
      <circle cx="6" cy="6" r="1.3" fill="currentColor" />
    </>
  ),
  triangle: <path d="M6 1.2 11.2 10.4H.8z" fill="currentColor" />,
  pause: <path d="M2.2 1.8h2.8v8.4H2.2zM7 1.8h2.8v8.4H7z" fill="currentColor" />,
  cross: <path d="M2.2 2.2 9.8 9.8M9.8 2.2 2.2 9.8" {...STROKE} strokeWidth="2.2" />,
  "square-x": (
    <>
      <path d="M1 1h10v10H1z" fill="currentColor" />
      <path className="cut" d="M3.6 3.6 8.4 8.4M8.4 3.6 3.6 8.4" fill="none" strokeWidth="1.5" />
    </>
  ),
  stop: <rect x="2.6" y="2.6" width="6.8" height="6.8" fill="currentColor" />,
  skip: <path d="M2 2.6 5.6 6 2 9.4M6.2 2.6 9.8 6 6.2 9.4" {...STROKE} strokeWidth="1.5" />,
  hatch: (
    <>
      <circle cx="6" cy="6" r="4.4" {...STROKE} strokeWidth="1" strokeDasharray="1.6 1.2" />
      <path d="M3 6.6 6.6 3M3.6 9 9 3.6M6 9.2 9.2 6" {...STROKE} strokeWidth="1" />
    </>
  ),
};

/** The shapes, once a page, for `<use>`: 1 000 glyphs cost 1 000 references. Rendered by the root layout. */
export function GlyphSprite() {
  return (
    <svg className="sprite" aria-hidden="true" width="0" height="0">
      {Object.entries(SHAPES).map(([shape, drawing]) => (
        <symbol key={shape} id={`g-${shape}`} viewBox="0 0 12 12">
          {drawing}
        </symbol>
      ))}
    </svg>
  );
}

interface GlyphProps {
  readonly tone: Tone;
  readonly shape?: Shape | undefined;
  /** Said by screen readers and shown as title; without it the glyph is decoration beside its word. */
  readonly label?: string | undefined;
}

/** One mark of the state language. Alone it needs a `label`. */
export function Glyph({ tone, shape = TONE_SHAPE[tone], label }: GlyphProps) {
  const use = <use href={`#g-${shape}`} />;
  if (label === undefined)
    return (
      <svg className={`g t-${tone}`} aria-hidden="true">
        {use}
      </svg>
    );
  return (
    <svg className={`g t-${tone}`} role="img" aria-label={label}>
      <title>{label}</title>
      {use}
    </svg>
  );
}

interface StateProps {
  readonly system: StateSystem;
  /** The upstream system's own word; unknown words are shown, hatched. */
  readonly word: string;
  /** Shown instead of the word, e.g. with a count. */
  readonly children?: React.ReactNode;
  /** Ink instead of the tone for the word: in lists where good is quiet. */
  readonly quiet?: boolean;
}

/** A state: glyph and word. */
export function State({ system, word, children, quiet = false }: StateProps) {
  const { tone, shape } = lookOf(system, word);
  return (
    <span className={`st t-${tone}${quiet ? " ink" : ""}`}>
      <Glyph tone={tone} shape={shape} />
      {children ?? word}
    </span>
  );
}

/** A state as its glyph alone, named for those who cannot see it. */
export function StateGlyph({ system, word, label = word }: StateProps & { readonly label?: string }) {
  return <Glyph {...lookOf(system, word)} label={label} />;
}

/** A glyph at a point inside a drawing; `size` in its units. */
export function GlyphAt(props: { tone: Tone; shape?: Shape | undefined; x: number; y: number; size?: number }) {
  const { tone, shape = TONE_SHAPE[tone], x, y, size = 12 } = props;
  return (
    <svg
      className={`gs t-${tone}`}
      aria-hidden="true"
      x={x - size / 2}
      y={y - size / 2}
      width={size}
      height={size}
      viewBox="0 0 12 12"
    >
      <use href={`#g-${shape}`} />
    </svg>
  );
}
