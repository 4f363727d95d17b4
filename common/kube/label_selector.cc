#include "common/kube/label_selector.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <utility>

#include "common/status/macros.h"

namespace berth::kube {
namespace {

constexpr std::size_t kLongest = 1024;

absl::Status NotASelector() {
  return absl::InvalidArgumentError(
      "must be a Kubernetes label selector of at most 1024 characters, such as "
      "\"team=shop,tier in (web,db),!legacy\"");
}

bool IsWordCharacter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '-' || letter == '_' ||
         letter == '.' || letter == '/';
}

}  // namespace

/// Reads a selector from left to right.
class LabelSelectorParser {
 public:
  explicit LabelSelectorParser(std::string_view text) : rest_(text) {}

  absl::StatusOr<LabelSelector> Parse() {
    LabelSelector selector;
    do {
      ASSIGN_OR_RETURN(LabelSelector::Requirement requirement, TakeRequirement());
      selector.requirements_.push_back(std::move(requirement));
    } while (Take(","));
    if (!rest_.empty()) return NotASelector();
    return selector;
  }

 private:
  using Requirement = LabelSelector::Requirement;
  using Kind = Requirement::Kind;

  absl::StatusOr<Requirement> TakeRequirement() {
    const bool absent = Take("!");
    Requirement requirement{.kind = absent ? Kind::kIsAbsent : Kind::kExists, .key = TakeWord()};
    if (requirement.key.empty()) return NotASelector();
    if (absent || rest_.empty() || rest_.front() == ',') return requirement;
    if (Take("==") || Take("=")) {
      requirement.kind = Kind::kIsOneOf;
      requirement.values = {TakeWord()};
      return requirement;
    }
    if (Take("!=")) {
      requirement.kind = Kind::kIsNoneOf;
      requirement.values = {TakeWord()};
      return requirement;
    }
    const std::string word = TakeWord();
    if (word != "in" && word != "notin") return NotASelector();
    requirement.kind = word == "in" ? Kind::kIsOneOf : Kind::kIsNoneOf;
    if (!Take("(")) return NotASelector();
    do {
      requirement.values.push_back(TakeWord());
    } while (Take(","));
    if (!Take(")")) return NotASelector();
    return requirement;
  }

  bool Take(std::string_view sign) {
    SkipBlanks();
    if (!rest_.starts_with(sign)) return false;
    rest_.remove_prefix(sign.size());
    SkipBlanks();
    return true;
  }

  // Possibly empty: the empty value is one that a label can have.
  std::string TakeWord() {
    SkipBlanks();
    std::size_t size = 0;
    while (size < rest_.size() && IsWordCharacter(rest_[size])) ++size;
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    SkipBlanks();
    return word;
  }

  void SkipBlanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  std::string_view rest_;
};

absl::StatusOr<LabelSelector> LabelSelector::Parse(std::string_view text) {
  if (text.size() > kLongest) return NotASelector();
  return LabelSelectorParser(text).Parse();
}

bool LabelSelector::Matches(const Lookup& label) const {
  return std::all_of(
      requirements_.begin(), requirements_.end(), [&](const Requirement& requirement) {
        const std::optional<std::string_view> value = label(requirement.key);
        const bool listed =
            value.has_value() && std::find(requirement.values.begin(), requirement.values.end(),
                                           *value) != requirement.values.end();
        switch (requirement.kind) {
          case Requirement::Kind::kExists:
            return value.has_value();
          case Requirement::Kind::kIsAbsent:
            return !value.has_value();
          case Requirement::Kind::kIsOneOf:
            return listed;
          case Requirement::Kind::kIsNoneOf:
            return !listed;
        }
        return false;
      });
}

}  // namespace berth::kube
