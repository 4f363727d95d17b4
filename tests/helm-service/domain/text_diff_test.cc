#include "helm-service/domain/text_diff.h"

#include <algorithm>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

const DiffLabels kLabels{.before = "revision 1", .after = "revision 2"};

std::string Diff(const std::string& before, const std::string& after,
                 std::size_t most_edits = 1'000) {
  return UnifiedDiff(before, after, kLabels, most_edits);
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The later text, by applying a difference to the earlier one as `patch` does: it fails where a
// line that is kept or removed is not the one that stands there.
std::string Apply(const std::string& before, const std::string& diff) {
  const std::vector<std::string> source = Lines(before);
  std::vector<std::string> target;
  std::size_t next = 0;
  for (const std::string& line : Lines(diff)) {
    if (line.starts_with("--- ") || line.starts_with("+++ ")) continue;
    if (line.starts_with("@@ -")) {
      const std::string range = line.substr(4, line.find(' ', 4) - 4);
      const std::size_t first = std::stoul(range);
      const bool is_empty = range.ends_with(",0");
      for (const std::size_t begin = is_empty ? first : first - 1; next < begin; ++next) {
        target.push_back(source.at(next));
      }
      continue;
    }
    if (line[0] != '+') {
      EXPECT_EQ(source.at(next++), line.substr(1));
    }
    if (line[0] != '-') target.push_back(line.substr(1));
  }
  for (; next < source.size(); ++next) target.push_back(source[next]);
  std::string text;
  for (const std::string& line : target) text += line + "\n";
  return text;
}

TEST(UnifiedDiffTest, IsEmptyForEqualTexts) {
  EXPECT_EQ(Diff("", ""), "");
  EXPECT_EQ(Diff("a\nb\n", "a\nb\n"), "");
}

TEST(UnifiedDiffTest, ShowsChangesWithThreeLinesOfContext) {
  EXPECT_EQ(Diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "--- revision 1\n+++ revision 2\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiffTest, MakesAHunkOfItsOwnForChangesFarApart) {
  const std::string before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  EXPECT_EQ(Diff(before, "one\n2\n3\n4\n5\n6\n7\n8\nnine\n"),
            "--- revision 1\n+++ revision 2\n@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n"
            "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+nine\n");
  EXPECT_EQ(Diff(before, "one\n2\n3\n4\n5\n6\n7\neight\n9\n"),
            "--- revision 1\n+++ revision 2\n@@ -1,9 +1,9 @@\n-1\n+one\n 2\n 3\n 4\n 5\n 6\n 7\n"
            "-8\n+eight\n 9\n");
}

TEST(UnifiedDiffTest, ShowsWhatIsNewOrGoneAltogether) {
  EXPECT_EQ(Diff("", "a\nb\n"), "--- revision 1\n+++ revision 2\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(Diff("a\n", ""), "--- revision 1\n+++ revision 2\n@@ -1,1 +0,0 @@\n-a\n");
}

TEST(UnifiedDiffTest, TellsOfAMissingLastLineBreak) {
  EXPECT_EQ(Diff("a\n", "a"),
            "--- revision 1\n+++ revision 2\n@@ -1,1 +1,1 @@\n-a\n+a\n"
            "\\ No newline at end of file\n");
}

// Length of the longest common subsequence of lines.
std::size_t Common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::vector<std::size_t>> best(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      best[i + 1][j + 1] = a[i] == b[j] ? best[i][j] + 1 : std::max(best[i][j + 1], best[i + 1][j]);
    }
  }
  return best[a.size()][b.size()];
}

TEST(UnifiedDiffTest, IsTheShortestThatLeadsFromOneTextToTheOther) {
  std::mt19937 random(1);  // NOLINT: the same texts in every run
  for (int round = 0; round < 500; ++round) {
    const auto text = [&] {
      std::string lines;
      for (std::size_t length = random() % 30; length > 0; --length) {
        lines += std::to_string(random() % 5) + "\n";
      }
      return lines;
    };
    const std::string before = text();
    const std::string after = text();
    const std::string diff = Diff(before, after);
    ASSERT_EQ(Apply(before, diff), after) << before << "\nto\n" << after << "\nby\n" << diff;
    const std::vector<std::string> lines = Lines(diff);
    const auto changed = std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
      return (line[0] == '-' || line[0] == '+') && !line.starts_with("--- ") &&
             !line.starts_with("+++ ");
    });
    const std::vector<std::string> a = Lines(before);
    const std::vector<std::string> b = Lines(after);
    ASSERT_EQ(static_cast<std::size_t>(changed), a.size() + b.size() - 2 * Common(a, b));
  }
}

TEST(UnifiedDiffTest, ReplacesTheWholePartThatDiffersBeyondItsBound) {
  const std::string before = "same\n1\nx\n2\ny\n3\nend\n";
  const std::string after = "same\n4\nx\n5\ny\n6\nend\n";
  EXPECT_EQ(Diff(before, after, /*most_edits=*/5),
            "--- revision 1\n+++ revision 2\n@@ -1,7 +1,7 @@\n same\n-1\n-x\n-2\n-y\n-3\n"
            "+4\n+x\n+5\n+y\n+6\n end\n");
  EXPECT_EQ(Apply(before, Diff(before, after, /*most_edits=*/6)), after);
}

}  // namespace
}  // namespace berth::helm
