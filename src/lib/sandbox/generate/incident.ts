/** The breach that the sandbox contains: an agent whose grant should have ended reads mailboxes at night. */
export const incident = {
  start: Date.UTC(2026, 2, 14, 2, 10),
  end: Date.UTC(2026, 2, 14, 2, 40),
  ip: '203.0.113.77',
  agentId: 7,
  /** Mailboxes read, one row of ops.agent_actions and one request each. */
  reads: 37,
  /** The combined HTTP log has nothing between these two moments. */
  gapStart: Date.UTC(2026, 2, 14, 2, 20),
  gapEnd: Date.UTC(2026, 2, 14, 4, 0),
  /** The JSON log's clock is fast by this much. */
  skewMs: 37_000,
} as const;
