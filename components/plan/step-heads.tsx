import { ZoneName } from "#components/ui/time.tsx";

/** Heads of what is told of a step beside its state: action, number, times and error. */
export function StepHeads() {
  return (
    <>
      <th scope="col" className="w100">
        Action
      </th>
      <th scope="col" className="num p2">
        step
      </th>
      <th scope="col" className="num p2">
        started <ZoneName />
      </th>
      <th scope="col" className="num">
        took
      </th>
      <th scope="col" className="p2">
        error
      </th>
    </>
  );
}
