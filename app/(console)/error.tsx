"use client";

interface Props {
  readonly error: Error;
  readonly reset: () => void;
}

/** A fault of a page: the shell stands, and what is read and journalled goes on. Leans on nothing that may be broken. */
export default function ErrorPage({ error, reset }: Props) {
  return (
    <div className="page">
      <div className="msg err" role="alert">
        <h1 className="strong">This page broke</h1>
        <p className="wrap">{error.message}</p>
        <p className="t3">Reading and journalling go on; only the drawing failed.</p>
        <button type="button" className="btn sm" onClick={reset}>
          Draw it again
        </button>
      </div>
    </div>
  );
}
