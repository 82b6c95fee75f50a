export { judge, type Judgement } from './judge.ts';
export { readPredictions } from './read-predictions.ts';
export { readRun, readVerdict } from './read-run.ts';
export { renderReport, type ReportOptions } from './render.ts';
export type { Run } from './run.ts';
export { barChart, type Bar } from './svg/bar-chart.ts';
export { lineChart, type LineChartOptions, type LineSeries, type Point } from './svg/line-chart.ts';
export { writeReport } from './write-report.ts';
