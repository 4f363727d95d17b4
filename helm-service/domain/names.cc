#include "helm-service/domain/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "absl/status/status.h"

namespace berth::helm {
namespace {

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

absl::Status CheckLabel(std::string_view text, std::size_t longest) {
  const bool well_formed =
      !text.empty() && text.size() <= longest && IsLetterOrDigit(text.front()) &&
      IsLetterOrDigit(text.back()) &&
      std::all_of(text.begin(), text.end(), [](char c) { return IsLetterOrDigit(c) || c == '-'; });
  if (well_formed) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "must be 1 to {} lower case letters, digits or '-', with a letter or digit at both ends",
      longest));
}

}  // namespace

absl::StatusOr<ReleaseName> ReleaseName::Parse(std::string_view text) {
  if (absl::Status status = CheckLabel(text, 53); !status.ok()) return status;
  return ReleaseName(std::string(text));
}

absl::StatusOr<NamespaceName> NamespaceName::Parse(std::string_view text) {
  if (absl::Status status = CheckLabel(text, 63); !status.ok()) return status;
  return NamespaceName(std::string(text));
}

absl::StatusOr<RepositoryName> RepositoryName::Parse(std::string_view text) {
  if (absl::Status status = CheckLabel(text, 63); !status.ok()) return status;
  return RepositoryName(std::string(text));
}

absl::StatusOr<ChartName> ChartName::Parse(std::string_view text) {
  constexpr std::size_t kLongest = 250;
  const auto is_alphanumeric = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
  };
  const bool well_formed =
      !text.empty() && text.size() <= kLongest && is_alphanumeric(text.front()) &&
      std::all_of(text.begin(), text.end(),
                  [&](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
  if (well_formed) return ChartName(std::string(text));
  return absl::InvalidArgumentError(fmt::format(
      "must be 1 to {} letters, digits, '.', '_' or '-', with a letter or digit first", kLongest));
}

absl::StatusOr<ObjectName> ObjectName::Parse(std::string_view text) {
  constexpr std::size_t kLongest = 253;
  const bool well_formed = !text.empty() && text.size() <= kLongest &&
                           IsLetterOrDigit(text.front()) && IsLetterOrDigit(text.back()) &&
                           std::all_of(text.begin(), text.end(), [](char c) {
                             return IsLetterOrDigit(c) || c == '-' || c == '.';
                           });
  if (well_formed) return ObjectName(std::string(text));
  return absl::InvalidArgumentError(
      fmt::format("must be 1 to {} lower case letters, digits, '-' or '.', with a letter or digit "
                  "at both ends",
                  kLongest));
}

}  // namespace berth::helm
