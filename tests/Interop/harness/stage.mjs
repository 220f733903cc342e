// What one test needs around it, stopped in reverse order.
export class Stage {
  #stops = [];

  /** Remembers how to stop `peer`, and answers it. */
  keep(peer) {
    this.#stops.push(peer.stop ?? peer.close);
    return peer;
  }

  async stop() {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}

/** Sets a stage, and clears it again when setting it fails. */
export async function onStage(set) {
  const stage = new Stage();
  try {
    return { ...(await set(stage)), stop: () => stage.stop() };
  } catch (error) {
    await stage.stop();
    throw error;
  }
}
