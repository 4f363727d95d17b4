#include "helm-service/domain/capabilities.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "absl/status/status.h"

namespace berth::helm {
namespace {

constexpr std::size_t kLongestVersion = 64;
constexpr std::size_t kLongestApi = 320;

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

bool ConsistsOf(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           punctuation.find(c) != std::string_view::npos;
  });
}

// Takes one or more digits off the front.
bool CutNumber(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), IsDigit);
  const auto digits = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(digits);
  return digits > 0;
}

bool IsVersion(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  if (!CutNumber(text) || !text.starts_with('.')) return false;
  text.remove_prefix(1);
  if (!CutNumber(text)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!CutNumber(text)) return false;
  }
  return text.empty() || ((text[0] == '-' || text[0] == '+') && ConsistsOf(text, "-+."));
}

}  // namespace

absl::StatusOr<KubeVersion> KubeVersion::Parse(std::string_view text) {
  if (text.size() > kLongestVersion || !IsVersion(text)) {
    return absl::InvalidArgumentError("must be a version of Kubernetes, such as 1.34 or v1.34.4");
  }
  return KubeVersion(std::string(text));
}

absl::StatusOr<ApiVersion> ApiVersion::Parse(std::string_view text) {
  const bool well_formed = !text.empty() && text.size() <= kLongestApi &&
                           std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
                           ConsistsOf(text, "./-");
  if (!well_formed) {
    return absl::InvalidArgumentError("must be an API such as apps/v1 or apps/v1/Deployment");
  }
  return ApiVersion(std::string(text));
}

}  // namespace berth::helm
