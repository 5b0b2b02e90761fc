/** Properties of random stories that say at once which story fails. */
import fc from "fast-check";

/**
 * As `fc.asyncProperty`. The first story that fails is printed when it does:
 * fast-check tells at the end, and to look for a smaller one may take longer than
 * the run is given.
 */
export function storyProperty<Story>(
  stories: fc.Arbitrary<Story>,
  play: (story: Story) => Promise<unknown>,
): fc.IAsyncProperty<[Story]> {
  let isTold = false;
  return fc.asyncProperty(stories, async (story) => {
    try {
      await play(story);
    } catch (error) {
      if (!isTold) console.error(`this story fails, a smaller one is looked for: ${JSON.stringify(story)}\n${error}`);
      isTold = true;
      throw error;
    }
  });
}
