#include "helm-service/domain/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace berth::helm {
namespace {

constexpr std::size_t kContext = 3;

// With their line breaks, so that a missing last one is a difference.
std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end == std::string_view::npos ? text.size() : end + 1));
    text.remove_prefix(lines.back().size());
  }
  return lines;
}

enum class Edit : std::uint8_t { kKeep, kRemove, kAdd };

// Equal lines have equal numbers.
using Numbers = std::vector<int>;

// The furthest line of `before` that d edits reach, for each diagonal (lines of `before` minus
// lines of `after`) from -d to d.
class Frontier {
 public:
  explicit Frontier(int d) : d_(d), reached_(2 * static_cast<std::size_t>(d) + 1, 0) {}

  int at(int diagonal) const { return reached_[Index(diagonal)]; }
  void Set(int diagonal, int x) { reached_[Index(diagonal)] = x; }
  // Whether the way to a diagonal of d + 1 edits ends with an added line, not with a removed one.
  bool ComesByAdding(int diagonal) const {
    if (diagonal <= -d_) return true;
    if (diagonal >= d_) return false;
    return at(diagonal - 1) < at(diagonal + 1);
  }

 private:
  std::size_t Index(int diagonal) const {
    const int index = diagonal + d_;
    return static_cast<std::size_t>(index);
  }

  int d_;
  std::vector<int> reached_;
};

// Myers' greedy algorithm (An O(ND) Difference Algorithm and Its Variations, 1986).
class ShortestEdits {
 public:
  ShortestEdits(const Numbers& before, const Numbers& after) : before_(before), after_(after) {}

  std::optional<std::vector<Edit>> Find(int most_edits) {
    for (int d = 0; d <= most_edits; ++d) {
      Frontier next(d);
      for (int diagonal = -d; diagonal <= d; diagonal += 2) {
        const int x = Follow(d == 0 ? 0 : Step(diagonal), diagonal);
        next.Set(diagonal, x);
        if (x >= Size(before_) && x - diagonal >= Size(after_)) return WalkBack(d);
      }
      frontiers_.push_back(std::move(next));
    }
    return std::nullopt;
  }

 private:
  static int Size(const Numbers& numbers) { return static_cast<int>(numbers.size()); }

  // One edit further than the last frontier.
  int Step(int diagonal) const {
    const Frontier& last = frontiers_.back();
    return last.ComesByAdding(diagonal) ? last.at(diagonal + 1) : last.at(diagonal - 1) + 1;
  }

  // Along the lines that both have.
  int Follow(int x, int diagonal) const {
    while (x < Size(before_) && x - diagonal < Size(after_) &&
           before_[static_cast<std::size_t>(x)] == after_[static_cast<std::size_t>(x - diagonal)]) {
      ++x;
    }
    return x;
  }

  std::vector<Edit> WalkBack(int d) const {
    std::vector<Edit> edits;
    int x = Size(before_);
    int diagonal = Size(before_) - Size(after_);
    for (; d > 0; --d) {
      const Frontier& last = frontiers_[static_cast<std::size_t>(d - 1)];
      const bool adds = last.ComesByAdding(diagonal);
      const int from = last.at(adds ? diagonal + 1 : diagonal - 1);
      const int after_edit = adds ? from : from + 1;
      edits.insert(edits.end(), static_cast<std::size_t>(x - after_edit), Edit::kKeep);
      edits.push_back(adds ? Edit::kAdd : Edit::kRemove);
      x = from;
      diagonal += adds ? 1 : -1;
    }
    edits.insert(edits.end(), static_cast<std::size_t>(x), Edit::kKeep);
    std::reverse(edits.begin(), edits.end());
    return edits;
  }

  const Numbers& before_;
  const Numbers& after_;
  std::vector<Frontier> frontiers_;
};

std::vector<Edit> ReplaceAll(std::size_t before, std::size_t after) {
  std::vector<Edit> edits(before, Edit::kRemove);
  edits.insert(edits.end(), after, Edit::kAdd);
  return edits;
}

// What leads from one text to the other. What both begin and end with is taken off first: most
// changes are small ones in a large text.
std::vector<Edit> FindEdits(const Numbers& before, const Numbers& after, std::size_t most_edits) {
  const auto first = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  const auto prefix = static_cast<std::size_t>(first.first - before.begin());
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t suffix = 0;
  while (suffix < shorter - prefix &&
         before[before.size() - 1 - suffix] == after[after.size() - 1 - suffix]) {
    ++suffix;
  }
  const auto middle = [&](const Numbers& all) {
    return Numbers(all.begin() + static_cast<std::ptrdiff_t>(prefix),
                   all.end() - static_cast<std::ptrdiff_t>(suffix));
  };
  const Numbers from = middle(before);
  const Numbers to = middle(after);
  std::vector<Edit> edits(prefix, Edit::kKeep);
  const std::vector<Edit> between = ShortestEdits(from, to)
                                        .Find(static_cast<int>(most_edits))
                                        .value_or(ReplaceAll(from.size(), to.size()));
  edits.insert(edits.end(), between.begin(), between.end());
  edits.insert(edits.end(), suffix, Edit::kKeep);
  return edits;
}

// Writes edits as hunks.
class HunkWriter {
 public:
  HunkWriter(const std::vector<std::string_view>& before,
             const std::vector<std::string_view>& after)
      : before_(before), after_(after) {}

  std::string Write(const std::vector<Edit>& edits) {
    std::size_t done = 0;
    for (std::size_t i = 0; i < edits.size(); ++i) {
      if (edits[i] == Edit::kKeep) continue;
      const std::size_t begin = std::max(done, i - std::min(i, kContext));
      const std::size_t end = HunkEnd(edits, i);
      Advance(edits, done, begin);
      WriteHunk(edits, begin, end);
      done = end;
      i = end - 1;
    }
    return std::move(text_);
  }

 private:
  // Changes that are no further apart than their contexts share a hunk.
  static std::size_t HunkEnd(const std::vector<Edit>& edits, std::size_t change) {
    std::size_t last = change;
    for (std::size_t i = change; i < edits.size() && i <= last + 2 * kContext + 1; ++i) {
      if (edits[i] != Edit::kKeep) last = i;
    }
    return std::min(edits.size(), last + 1 + kContext);
  }

  void Advance(const std::vector<Edit>& edits, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      if (edits[i] != Edit::kAdd) ++before_line_;
      if (edits[i] != Edit::kRemove) ++after_line_;
    }
  }

  void WriteHunk(const std::vector<Edit>& edits, std::size_t begin, std::size_t end) {
    const std::size_t before_start = before_line_;
    const std::size_t after_start = after_line_;
    std::string body;
    for (std::size_t i = begin; i < end; ++i) {
      const bool adds = edits[i] == Edit::kAdd;
      body += adds ? '+' : edits[i] == Edit::kRemove ? '-' : ' ';
      const std::string_view line = adds ? after_[after_line_] : before_[before_line_];
      body += line;
      if (!line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
      Advance(edits, i, i + 1);
    }
    text_ += fmt::format("@@ -{} +{} @@\n", Range(before_start, before_line_),
                         Range(after_start, after_line_));
    text_ += body;
  }

  // "first,count"; an empty range is named by the line before it.
  static std::string Range(std::size_t begin, std::size_t end) {
    const std::size_t count = end - begin;
    return fmt::format("{},{}", count == 0 ? begin : begin + 1, count);
  }

  const std::vector<std::string_view>& before_;
  const std::vector<std::string_view>& after_;
  std::size_t before_line_ = 0;
  std::size_t after_line_ = 0;
  std::string text_;
};

}  // namespace

std::string UnifiedDiff(std::string_view before, std::string_view after, const DiffLabels& labels,
                        std::size_t most_edits) {
  if (before == after) return "";
  const std::vector<std::string_view> before_lines = SplitLines(before);
  const std::vector<std::string_view> after_lines = SplitLines(after);
  std::unordered_map<std::string_view, int> known;
  const auto number = [&](const std::vector<std::string_view>& lines) {
    Numbers numbers;
    for (const std::string_view line : lines) {
      numbers.push_back(known.emplace(line, static_cast<int>(known.size())).first->second);
    }
    return numbers;
  };
  const Numbers before_numbers = number(before_lines);
  const Numbers after_numbers = number(after_lines);
  return fmt::format("--- {}\n+++ {}\n", labels.before, labels.after) +
         HunkWriter(before_lines, after_lines)
             .Write(FindEdits(before_numbers, after_numbers, most_edits));
}

}  // namespace berth::helm
