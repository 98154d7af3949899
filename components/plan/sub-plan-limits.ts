/** Rows of one page of sub-plans: as many as one question may ask for. The wire itself is not loaded for it. */
export const SUB_PLANS_PAGE_MAX = 500;
