// ----- A page that is not live has these names, and nothing behind them -----

const live = { on: false, why: "" };
const [isStale, moveLeaves, descend, resetLeaves] = Array(4).fill(() => false);
const liveControls = () => [];
