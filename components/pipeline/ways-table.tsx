import type { PipelineView } from "./pipeline-view.ts";
import { formatRate } from "./rate-words.ts";

/** The same as the picture, as a table. */
export function WaysTable({ view: { doors, types, ways } }: { readonly view: PipelineView }) {
  return (
    <table aria-label="From agents to receivers">
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">Kinds</th>
          <th scope="col">To</th>
          <th scope="col" className="num">
            Now
          </th>
        </tr>
      </thead>
      <tbody>
        {doors.map(({ door, perSecond, refusedPerSecond }) => (
          <tr key={door}>
            <th scope="row">agents, by {door}</th>
            <td>calls</td>
            <td>checks, order, spool</td>
            <td className="num">
              {perSecond === null ? "not known" : formatRate(perSecond)}
              {refusedPerSecond !== null && refusedPerSecond > 0 && (
                <span className="t-attention tone"> {formatRate(refusedPerSecond)} refused</span>
              )}
            </td>
          </tr>
        ))}
        {types.map(({ type, kinds, perSecond }) => {
          const to = ways.filter((way) => way.type === type);
          return (
            <tr key={type}>
              <th scope="row">
                <bdi>{type}</bdi>
              </th>
              <td className="t2">
                <bdi>{kinds.length === 0 ? "every kind" : kinds.join(", ")}</bdi>
              </td>
              <td>
                {to.length === 0 ? (
                  <span className="t-attention tone">nowhere: such items are rejected</span>
                ) : (
                  to.map(({ receiver, kinds: some }) => (
                    <div key={receiver}>
                      <bdi>{receiver}</bdi>
                      {some.length > 0 && (
                        <span className="t3 small">
                          {" "}
                          only <bdi>{some.join(", ")}</bdi>
                        </span>
                      )}
                    </div>
                  ))
                )}
              </td>
              <td className="num">{perSecond === null ? "not known" : formatRate(perSecond)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
