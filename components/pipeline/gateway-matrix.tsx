import { formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Since } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { PipelineView } from "./pipeline-view.ts";

/** Every gateway with every receiver: where exactly something waits. */
export function GatewayMatrix({ view: { gateways, receivers } }: { readonly view: PipelineView }) {
  if (gateways.length === 0) return <Empty title="No gateway has been seen." />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <div className="tscroll" tabIndex={0}>
      <table aria-label="Gateways and receivers">
        <thead>
          <tr>
            <th scope="col">Gateway</th>
            {receivers.map(({ id }) => (
              <th key={id} scope="col">
                <bdi>{id}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {gateways.map(({ id, state, since }) => (
            <tr key={id}>
              <th scope="row">
                <State system="gateway" word={state} /> <bdi>{id}</bdi>{" "}
                <span className="t3 small">
                  <Since at={since} />
                </span>
              </th>
              {receivers.map(({ id: receiver, seats }) => {
                const seat = seats.find(({ gateway }) => gateway === id);
                return (
                  <td key={receiver}>
                    {seat === undefined || seat.state === null ? (
                      <span className="unk">not known</span>
                    ) : (
                      <State system="receiver" word={seat.state} />
                    )}
                    {seat?.sample != null && <div className="t3 small">{formatCount(seat.sample.queued)} waiting</div>}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
