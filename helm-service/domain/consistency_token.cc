#include "helm-service/domain/consistency_token.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"

namespace berth::helm {
namespace {

absl::Status NotAToken() {
  return absl::InvalidArgumentError("must be the consistency_token of a result");
}

}  // namespace

std::string ConsistencyToken::ToString() const {
  std::string text = std::to_string(version);
  if (removed.has_value()) {
    text += fmt::format(" {} {}", removed->ns.value(), removed->name.value());
  }
  return absl::WebSafeBase64Escape(text);
}

absl::StatusOr<ConsistencyToken> ConsistencyToken::Parse(std::string_view text) {
  std::string decoded;
  if (!absl::WebSafeBase64Unescape(std::string(text), &decoded)) return NotAToken();
  ConsistencyToken token;
  const char* const end = decoded.data() + decoded.size();
  const auto [number_end, error] = std::from_chars(decoded.data(), end, token.version);
  if (error != std::errc() || token.version == 0) return NotAToken();
  if (number_end == end) return token;
  const std::string_view rest(number_end, static_cast<std::size_t>(end - number_end));
  const std::size_t blank = rest.find(' ', 1);
  if (rest.front() != ' ' || blank == std::string_view::npos) return NotAToken();
  absl::StatusOr<NamespaceName> ns = NamespaceName::Parse(rest.substr(1, blank - 1));
  absl::StatusOr<ReleaseName> name = ReleaseName::Parse(rest.substr(blank + 1));
  if (!ns.ok() || !name.ok()) return NotAToken();
  token.removed = ReleaseKey{*std::move(ns), *std::move(name)};
  return token;
}

}  // namespace berth::helm
