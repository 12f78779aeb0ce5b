/** Other processes that serve the clients of the same pools. */
export interface Siblings {
  /**
   * Asks each of them the same; one that is gone is left out.
   * @param question plain data, as its answers are
   */
  ask(question: object): Promise<readonly object[]>;
}
