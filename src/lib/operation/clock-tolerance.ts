/** How far the clocks of two hosts may lie apart before we take it for a mistake, in milliseconds. */
export const clockTolerance = 300_000;
