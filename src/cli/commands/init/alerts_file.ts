/** What `spillway init alerts` prints: a rules file of Prometheus (Recording and alerting rules, in its documentation). */
import { ALERT_RULES, type AlertRule } from "./alert_rules.ts";

const HEAD = `# Alert rules of Spillway for Prometheus. Check them with: promtool check rules FILE
# and name the file under rule_files in prometheus.yml. They need a scrape of [admin] listen.
groups:
  - name: spillway
    rules:
`;

export const ALERTS_FILE = HEAD + ALERT_RULES.map(ruleText).join("");

function ruleText({ name, severity, expr, for: duration, summary, description }: AlertRule): string {
  return `      - alert: ${name}
        expr: ${quoted(expr)}
        for: ${duration}
        labels:
          severity: ${severity}
        annotations:
          summary: ${quoted(summary)}
          description: ${quoted(description)}
`;
}

/** A string of YAML that stands for itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
