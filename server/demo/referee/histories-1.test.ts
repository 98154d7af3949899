import { itHoldsOver } from "./histories.test-kit.ts";

itHoldsOver(0);
