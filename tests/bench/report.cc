#include "tests/bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

namespace berth::bench {

Report::Report(std::string what, std::string berth, std::string other)
    : lines_{{std::move(what), std::move(berth), std::move(other), "ratio", "goal", ""}} {}

void Report::Add(Row row) {
  lines_.push_back({std::move(row.what), std::move(row.berth), std::move(row.other),
                    std::move(row.ratio), "", ""});
}

void Report::Add(Row row, std::string goal, bool met) {
  Add(std::move(row));
  lines_.back()[4] = std::move(goal);
  lines_.back()[5] = met ? "met" : "MISSED";
}

void Report::Print() const {
  std::array<double, 1> load{};
  getloadavg(load.data(), 1);
  fmt::print("\n{} cores, load {:.1f}\n\n", std::thread::hardware_concurrency(), load[0]);
  std::vector<std::size_t> widths(lines_.front().size());
  for (const auto& line : lines_) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines_) {
    std::string text = fmt::format("{:<{}}", line[0], widths[0]);
    for (std::size_t i = 1; i < line.size(); ++i) {
      text += fmt::format("  {:>{}}", line[i], widths[i]);
    }
    fmt::print("{}\n", text);
  }
}

void Say(const std::string& text) { fmt::print(stderr, "{}\n", text); }

}  // namespace berth::bench
