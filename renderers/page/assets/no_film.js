// ----- A page without a film has these names, and nothing behind them -----

const F = 0, film = { on: false, at: -1, known: 0 }, filmLoss = [];
const aboutTime = () => [];
const [beginFilm, drawStrip, markDead, playFilm, showFrame] = Array(5).fill(() => undefined);
