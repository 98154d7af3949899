/** The pattern of “not known” for drawings: `fill="url(#hatch)"`. Rendered once by the root layout. */
export function HatchPattern() {
  return (
    <svg className="sprite" aria-hidden="true" width="0" height="0">
      <defs>
        <pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="4" className="hatch-line" />
        </pattern>
      </defs>
    </svg>
  );
}
