#include "helm-service/domain/oci_reference.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

constexpr std::string_view kScheme = "oci://";
constexpr std::size_t kLongestReference = 1024;
constexpr std::size_t kLongestTag = 128;

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool ConsistsOf(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return IsLetterOrDigit(c) || punctuation.find(c) != std::string_view::npos;
  });
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A name, an IPv4 address, or an IPv6 one in brackets; then perhaps a port.
bool IsAuthority(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : text.find(':');
  const std::string_view host = text.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end);
  if (bracketed && end == std::string_view::npos) return false;
  if (host.empty() || !ConsistsOf(host, bracketed ? ":" : ".-")) return false;
  if (!bracketed && !IsLetterOrDigit(host.front())) return false;
  const std::string_view rest =
      end == std::string_view::npos ? "" : text.substr(bracketed ? end + 1 : end);
  return rest.empty() || (rest.front() == ':' && IsPort(rest.substr(1)));
}

// Segments between slashes that begin with a letter or digit: none is empty or leads upwards.
bool IsRepository(std::string_view text) {
  while (true) {
    const std::size_t slash = text.find('/');
    const std::string_view segment = text.substr(0, slash);
    if (segment.empty() || !IsLetterOrDigit(segment.front()) || !ConsistsOf(segment, "._-")) {
      return false;
    }
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool IsTag(std::string_view text) {
  return !text.empty() && text.size() <= kLongestTag && text.front() != '.' &&
         text.front() != '-' && ConsistsOf(text, "._-");
}

absl::Status Refused() {
  return absl::InvalidArgumentError(
      "must be oci://host/path, optionally with :tag or @sha256:digest");
}

}  // namespace

absl::StatusOr<OciReference> OciReference::Parse(std::string_view text) {
  if (!text.starts_with(kScheme) || text.size() > kLongestReference) return Refused();
  text.remove_prefix(kScheme.size());
  OciReference reference;
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    if (!text.substr(at).starts_with("@sha256:")) return Refused();
    ASSIGN_OR_RETURN(reference.digest_, Sha256::Parse(text.substr(at + 1)));
    text = text.substr(0, at);
  }
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !IsAuthority(text.substr(0, slash))) return Refused();
  reference.registry_ = absl::AsciiStrToLower(std::string(text.substr(0, slash)));
  std::string_view path = text.substr(slash + 1);
  if (const std::size_t colon = path.find(':'); colon != std::string_view::npos) {
    std::string tag(path.substr(colon + 1));
    std::replace(tag.begin(), tag.end(), '+', '_');
    if (!IsTag(tag)) return Refused();
    reference.tag_ = std::move(tag);
    path = path.substr(0, colon);
  }
  if (!IsRepository(path)) return Refused();
  reference.repository_ = path;
  return reference;
}

OciReference OciReference::WithTag(std::string tag) const {
  OciReference tagged = *this;
  std::replace(tag.begin(), tag.end(), '+', '_');
  tagged.tag_ = std::move(tag);
  return tagged;
}

std::string OciReference::ToString() const {
  std::string text = std::string(kScheme) + registry_ + "/" + repository_;
  if (tag_.has_value()) text += ":" + *tag_;
  if (digest_.has_value()) text += "@" + digest_->ToString();
  return text;
}

}  // namespace berth::helm
