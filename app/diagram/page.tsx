import { Stage } from "#components/lifecycle/stage.tsx";

/** The page inside the sandboxed frame of a diagram. */
export default function Page() {
  return <Stage />;
}
