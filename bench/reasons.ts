/** Why kept figures do not reach their goals, by part and figure: what was tried, and what limits them. */
export const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'smd.ensemble': {
    aucPr:
      'What limits is how long labels last: were each event held at its own highest score, it would be .84 to .99 on each machine. The middle of an event that lasts for hours looks like any other hour, and up to .30 (on 1-5; .04 to .10 on the others) is lost in the half hour after a label ends, while features come back. It is not the weights: gradient boosting, a random forest and a logistic regression that learned the labels of the six other machines, from all figures of the experts and seven more (nearest neighbours, k-means, an Isolation Forest), reach .34 to .38. Tried without gain: means of other lengths, scores that are held, a level of the week as an expert of its own, no acceptance of new levels, moves back home that do not count. A mixture of level and motion alone that was tuned to these seven machines reached .54, and .07 less than an untuned one on twelve others.',
    f1: 'As AUC-PR: at its best threshold about half of the labelled rows are found, and a little over half of what is found is labelled.',
    hit100:
      'Two or three segments of 104 are missing. With three hundredths of [0, 1], to which the files were scaled at their origin, as the least scale of a move, .84 is reached (hit150 .92, top1 .93); but that is to know the range of days to come. With three hundredths of the range that was seen so far the same gives .80, .90 and .90. Other exponents, knees and weights of rows give at most .81.',
    hit150: 'As hit100: of what was tried, none reached .92 and the goals of hit100 and top1 too.',
    top1: 'As hit100. Of some hundred variants a few reach .93, none with the goals of the other two: at a segment for .01 that is chance, and none was chosen by it.',
  },
  'asd.ensemble': {
    aucPr:
      'As on SMD: what learned the labels of the five other servers reaches .35 to .38. Scores that are held for 40 minutes would give .44, and the same would find six in a hundred events of SMD less at one false alarm in ten days.',
  },
  'fleet.vigia2000': {
    overviewMs:
      'The page alone takes .65 to .9 s on this machine, help as long as overview, and Chromium spends 1.2 to 1.7 s of CPU time on it; Prometheus, 2,000 exporters, Vigía and the browser share two cores, and loads that fall into a tick take up to 2.2 s. With 500 hosts it takes .9 s.',
  },
  'fleet.ticks2000': {
    longestBlockMs:
      'Half of the ticks stay below 34 ms. What held the worst was not isolated; both cores are busy then, and a commit of SQLite alone takes 8 to 27 ms.',
  },
  'robustness.ensemble': {
    gapAlarms:
      'Two or three spots of about 390; a run with a small change of another part had none: they lie at the threshold. At one that was looked into earlier the score lay there anyway. A mean that trusts itself less after a gap did not help, and cost .005 elsewhere.',
    clockJumpAlarms: 'About one spot of 390; those looked at earlier, on 1-4 and 1-5, lay just under the threshold before (.55 and .49).',
  },
};
