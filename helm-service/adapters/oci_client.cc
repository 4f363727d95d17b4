#include "helm-service/adapters/oci_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "common/http/status.h"
#include "common/kube/percent.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/adapters/source_refusal.h"

namespace berth::helm {
namespace {

using absl::StatusCode;
using Json = nlohmann::json;

constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kConfigType = "application/vnd.cncf.helm.config.v1+json";
constexpr std::string_view kChartType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
// Of charts pushed by Helm before 3.7.
constexpr std::string_view kOldChartType = "application/tar+gzip";

constexpr std::size_t kLargestManifest = std::size_t{4} << 20;
constexpr std::size_t kLargestToken = std::size_t{256} << 10;
constexpr std::size_t kLargestTagPage = std::size_t{4} << 20;

/// What a registry asks for before it answers: `Bearer realm="…",service="…",scope="…"`.
struct Challenge {
  std::string scheme;  // lower case
  std::map<std::string, std::string> parameters;
};

Challenge ParseChallenge(std::string_view text) {
  Challenge challenge;
  const std::size_t space = std::min(text.find(' '), text.size());
  challenge.scheme = absl::AsciiStrToLower(std::string(text.substr(0, space)));
  text.remove_prefix(space);
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return challenge;
    const std::string key(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    const bool quoted = text.starts_with('"');
    if (quoted) text.remove_prefix(1);
    const std::size_t end = std::min(text.find(quoted ? '"' : ','), text.size());
    challenge.parameters[key] = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The calls that one pull or listing makes to one registry.
class Session {
 public:
  Session(HttpFetcher& fetcher, const OciReference& reference, const OciClient::Access& access)
      : fetcher_(fetcher),
        reference_(reference),
        access_(access),
        root_("https://" + reference.registry() + "/") {
    if (std::holds_alternative<BearerToken>(access.credentials.authorization)) {
      authorization_ = access.credentials.authorization;
    }
  }

  /// The answer to a path below "/v2/REPOSITORY/", which is 200. Errors: as OciClient::Pull;
  /// `what` names in them what was asked for.
  absl::StatusOr<FetchResponse> Get(const std::string& path, std::string_view what,
                                    std::size_t max_bytes) {
    return GetTarget(fmt::format("v2/{}/{}", reference_.repository(), path), what, max_bytes);
  }

  /// As Get, for a target without its first slash.
  absl::StatusOr<FetchResponse> GetTarget(const std::string& target, std::string_view what,
                                          std::size_t max_bytes) {
    ASSIGN_OR_RETURN(FetchResponse response, Send(target, max_bytes));
    if (response.status == http::kUnauthorized) {
      RETURN_IF_ERROR(Authorize(ParseChallenge(response.headers["www-authenticate"])));
      ASSIGN_OR_RETURN(response, Send(target, max_bytes));
    }
    if (response.status != http::kOk) return Refused(response.status, what);
    return response;
  }

  absl::Status Fail(StatusCode code, Reason reason, std::string_view why) const {
    return Error(code, reason, fmt::format("{}: {}", reference_.ToString(), why));
  }

 private:
  absl::StatusOr<FetchResponse> Send(const std::string& target, std::size_t max_bytes) {
    FetchRequest request = Request(root_ + target, max_bytes);
    request.headers = {fmt::format("Accept: {}, */*", kManifestType)};
    request.credentials.authorization = authorization_;
    absl::StatusOr<FetchResponse> response = fetcher_.Get(request);
    const bool may_be_plain =
        access_.allow_plain_http && root_.starts_with("https:") &&
        ReasonOf(response.status()) == Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE &&
        !absl::IsResourceExhausted(response.status());
    if (response.ok() || !may_be_plain) return response;
    root_ = "http://" + reference_.registry() + "/";
    request.url = root_ + target;
    return fetcher_.Get(request);
  }

  FetchRequest Request(const std::string& url, std::size_t max_bytes) const {
    FetchRequest request{.url = url,
                         .credentials = access_.credentials,
                         .max_bytes = max_bytes,
                         .credentials_for_redirects = access_.credentials_for_redirects,
                         .allow_plain_http = access_.allow_plain_http,
                         .deadline = access_.deadline,
                         .stop = access_.stop};
    if (access_.may_fetch != nullptr) {
      request.may_fetch = [this](std::string_view target) {
        return target.starts_with(root_) ? absl::OkStatus() : access_.may_fetch(target);
      };
    }
    return request;
  }

  absl::Status Authorize(const Challenge& challenge) {
    const bool asked_before = std::exchange(authorized_, true);
    const bool has_basic =
        std::holds_alternative<BasicCredentials>(access_.credentials.authorization);
    if (challenge.scheme == "bearer" && !asked_before) return AskForToken(challenge);
    if (challenge.scheme == "basic" && !asked_before && has_basic) {
      authorization_ = access_.credentials.authorization;
      return absl::OkStatus();
    }
    return Refused(http::kUnauthorized, "token");
  }

  absl::Status AskForToken(const Challenge& challenge) {
    const auto parameter = [&](const std::string& key) {
      const auto found = challenge.parameters.find(key);
      return found == challenge.parameters.end() ? std::string() : found->second;
    };
    std::string scope = parameter("scope");
    if (scope.empty()) scope = fmt::format("repository:{}:pull", reference_.repository());
    const std::string realm = parameter("realm");
    std::string url =
        fmt::format("{}{}scope={}", realm, realm.find('?') == std::string::npos ? '?' : '&',
                    kube::PercentEncode(scope));
    if (!parameter("service").empty()) {
      url += "&service=" + kube::PercentEncode(parameter("service"));
    }
    ASSIGN_OR_RETURN(const FetchResponse response, fetcher_.Get(Request(url, kLargestToken)));
    if (response.status != http::kOk) return Refused(response.status, "token");
    const Json answer = Json::parse(response.body, nullptr, false);
    for (const char* key : {"token", "access_token"}) {
      if (answer.is_object() && answer.contains(key) && answer[key].is_string()) {
        authorization_ = BearerToken{answer[key].get<std::string>()};
        return absl::OkStatus();
      }
    }
    return Fail(StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE,
                "the registry's token service answers without a token");
  }

  absl::Status Refused(int status, std::string_view what) const {
    return WithContext(SourceRefusal(status, what), reference_.ToString());
  }

  HttpFetcher& fetcher_;
  const OciReference& reference_;
  const OciClient::Access& access_;
  std::string root_;
  decltype(HttpCredentials::authorization) authorization_;
  bool authorized_ = false;
};

/// What a manifest says about the chart's layer.
struct Layer {
  Sha256 digest;
  std::uint64_t size = 0;
};

std::string TextOf(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string()) return "";
  return object[key].get<std::string>();
}

absl::StatusOr<Layer> ChartLayer(const Session& session, const std::string& manifest_text) {
  const auto refuse = [&](std::string_view why) {
    return session.Fail(StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_INVALID, why);
  };
  const Json manifest = Json::parse(manifest_text, nullptr, false);
  if (!manifest.is_object()) return refuse("its manifest is not JSON");
  if (TextOf(manifest.value("config", Json()), "mediaType") != kConfigType) {
    return refuse("is not a Helm chart");
  }
  const Json layers = manifest.value("layers", Json());
  if (!layers.is_array()) return refuse("its manifest has no layers");
  for (const Json& layer : layers) {
    const std::string type = TextOf(layer, "mediaType");
    if (type != kChartType && type != kOldChartType) continue;
    const absl::StatusOr<Sha256> digest = Sha256::Parse(TextOf(layer, "digest"));
    const Json size = layer.value("size", Json());
    if (!digest.ok() || !size.is_number_unsigned()) return refuse("its manifest is damaged");
    return Layer{*digest, size.get<std::uint64_t>()};
  }
  return refuse("its manifest names no packaged chart");
}

// The target of the next page in a header `Link: </v2/…>; rel="next"`, without its first slash.
std::optional<std::string> NextPage(const std::string& link) {
  const std::size_t begin = link.find("</");
  const std::size_t end = link.find('>');
  if (begin == std::string::npos || end == std::string::npos || end < begin + 2) return {};
  if (link.find("rel=\"next\"", end) == std::string::npos) return {};
  return link.substr(begin + 2, end - begin - 2);
}

}  // namespace

absl::StatusOr<OciClient::PulledChart> OciClient::Pull(const OciReference& reference,
                                                       const Access& access) const {
  Session session(fetcher_, reference, access);
  if (!reference.tag().has_value() && !reference.digest().has_value()) {
    return InvalidField("reference", "must have a tag or a digest");
  }
  const std::string version =
      reference.digest().has_value() ? reference.digest()->ToString() : *reference.tag();
  ASSIGN_OR_RETURN(const FetchResponse manifest,
                   session.Get("manifests/" + version, "chart", kLargestManifest));
  Sha256 digest = Sha256::Of(manifest.body);
  if (reference.digest().has_value() && digest != *reference.digest()) {
    return session.Fail(StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_DIGEST_MISMATCH,
                        "the registry's manifest is not of this digest");
  }
  ASSIGN_OR_RETURN(const Layer layer, ChartLayer(session, manifest.body));
  if (layer.size > options_.largest_chart) {
    return session.Fail(StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_INVALID,
                        fmt::format("larger than {} bytes", options_.largest_chart));
  }
  ASSIGN_OR_RETURN(FetchResponse blob, session.Get("blobs/" + layer.digest.ToString(), "chart",
                                                   static_cast<std::size_t>(layer.size)));
  if (Sha256::Of(blob.body) != layer.digest) {
    return session.Fail(StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_DIGEST_MISMATCH,
                        "the packaged chart is not of the digest that its manifest names");
  }
  return PulledChart{std::move(blob.body), std::move(digest)};
}

absl::StatusOr<std::vector<std::string>> OciClient::ListTags(const OciReference& reference,
                                                             const Access& access) const {
  Session session(fetcher_, reference, access);
  std::vector<std::string> tags;
  std::optional<std::string> target = fmt::format("v2/{}/tags/list?n=1000", reference.repository());
  while (target.has_value()) {
    ASSIGN_OR_RETURN(FetchResponse page, session.GetTarget(*target, "repository", kLargestTagPage));
    const Json answer = Json::parse(page.body, nullptr, false);
    const Json list = answer.is_object() ? answer.value("tags", Json()) : Json();
    for (const Json& tag : list) {
      if (tag.is_string()) tags.push_back(tag.get<std::string>());
    }
    if (tags.size() > options_.most_tags) {
      return session.Fail(StatusCode::kResourceExhausted,
                          Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE,
                          fmt::format("has more than {} tags", options_.most_tags));
    }
    std::optional<std::string> next = NextPage(page.headers["link"]);
    // An empty page with a successor would go on for ever.
    if (next == target || list.empty()) next.reset();
    target = std::move(next);
  }
  return tags;
}

}  // namespace berth::helm
