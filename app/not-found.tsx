import { routes } from "#components/ui/routes.ts";

/** Shown where no page is. */
export default function NotFound() {
  return (
    <main className="page">
      <div className="msg">
        <h1 className="strong">No such page</h1>
        <p className="t3">Nothing of the console is at this address.</p>
        <a href={routes.overview()}>Overview</a>
      </div>
    </main>
  );
}
