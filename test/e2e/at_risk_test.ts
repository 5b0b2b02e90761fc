/** After kill -9 the next start says at most how much is lost, and that is never too little. */
import { assert } from "../support/assert.ts";
import { type AtRiskSetting, killAtRisk } from "./cases/at_risk.ts";
import { scene } from "./rig/scene.ts";

const KILLS = Number(Deno.env.get("SPILLWAY_AT_RISK_KILLS") ?? 5);
const MEMORY_BYTES = 16 * 2 ** 20;

const SETTINGS: readonly AtRiskSetting[] = [
  { mode: "overflow", confirm: "reply", producers: 1 },
  { mode: "overflow", confirm: "acked", producers: 4 },
  { mode: "always", confirm: "reply", producers: 2 },
];

for (const setting of SETTINGS) {
  const { mode, confirm, producers } = setting;
  const how = `${mode}, ${confirm}, ${producers} at full speed`;
  scene(
    `${KILLS} times kill -9 while memory fills: no more is lost than the next start says (${how})`,
    async (scene) => {
      const outcomes = [];
      for (let kill = 0; kill < KILLS; kill++) outcomes.push(await killAtRisk(scene, `kill-${kill}`, setting));
      for (const { lostBytes, saidBytes } of outcomes) {
        scene.note(`lost ${lostBytes}, said: at most ${saidBytes}`);
      }
      for (const { lostBytes, saidBytes } of outcomes) {
        assert(lostBytes <= saidBytes, `${lostBytes} bytes are lost, the next start said ${saidBytes} at most`);
        assert(saidBytes <= MEMORY_BYTES, `${saidBytes} bytes are more than memory has`);
      }
      assert(
        mode === "always" || outcomes.some(({ lostBytes }) => lostBytes > 2 ** 18),
        "hardly anything was lost: nothing was tried",
      );
    },
  );
}
