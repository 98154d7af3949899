/** The mark: one world line through its light cone. */
export function Brand() {
  return (
    <>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path className="ground" d="M1.5 14.5 14.5 1.5M1.5 1.5l13 13" />
        <path className="line" d="M6.4 15.5C5.6 11.5 9.6 9 8.6.5" />
      </svg>
      Worldline
    </>
  );
}
