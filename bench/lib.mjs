// Figures of a benchmark: medians, and ratios of pairs taken in the same run.
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

// Runs both sides alternately, `rounds` times after one warm-up; returns the medians and the median of the pairwise ratios.
export async function paired(rounds, ours, baseline) {
  const a = [], b = [];
  for (let round = -1; round < rounds; ++round) {
    const first = await ours(), second = await baseline();
    if (round < 0) continue;
    a.push(first);
    b.push(second);
  }
  return { ours: median(a), baseline: median(b), ratio: median(a.map((value, i) => value / b[i])), rounds };
}

export function report(name, unit, { ours, baseline, ratio, rounds }, goal) {
  console.log(`${name}: ${ours.toFixed(2)} ${unit} against ${baseline.toFixed(2)} ${unit}, ratio ${ratio.toFixed(3)} (${goal}; median of ${rounds} pairs)`);
}
