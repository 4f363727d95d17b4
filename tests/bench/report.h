#pragma once

#include <string>
#include <vector>

namespace berth::bench {

/// The table that a benchmark ends with.
class Report {
 public:
  /// Names what is measured, Berth, and what it is compared with.
  Report(std::string what, std::string berth, std::string other);

  /// One line; what does not apply stays empty.
  struct Row {
    std::string what;
    std::string berth;
    std::string other = "";
    std::string ratio = "";
  };
  void Add(Row row);
  /// With a goal, and whether it is met.
  void Add(Row row, std::string goal, bool met);

  /// On standard output, with the machine's load.
  void Print() const;

 private:
  std::vector<std::vector<std::string>> lines_;
};

/// Says on standard error what happens now.
void Say(const std::string& text);

}  // namespace berth::bench
