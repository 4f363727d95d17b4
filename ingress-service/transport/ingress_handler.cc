#include "ingress-service/transport/ingress_handler.h"

#include <fmt/format.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/grpc/page_token.h"
#include "common/grpc/unary.h"
#include "common/status/macros.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "ingress-service/transport/entry_mapping.h"
#include "ingress-service/transport/rule_mapping.h"
#include "ingress-service/transport/rule_watch.h"

namespace berth::ingress {
namespace {

constexpr int kMaxRules = 64;

absl::StatusOr<std::vector<WantedRule>> ToWantedRules(const v1::ApplyRulesRequest& request) {
  if (request.rules_size() < 1 || request.rules_size() > kMaxRules) {
    return InvalidField("rules", fmt::format("must have 1 to {} entries", kMaxRules));
  }
  FieldViolations violations;
  std::vector<WantedRule> wanted;
  std::set<pool::ClaimName> seen;
  for (int i = 0; i < request.rules_size(); ++i) {
    const std::string prefix = fmt::format("rules[{}]", i);
    absl::StatusOr<WantedRule> rule = ToWantedRule(request.rules(i));
    violations.AddAll(prefix, rule.status());
    if (!rule.ok()) {
      continue;
    }
    if (!seen.insert(rule->name).second) {
      violations.Add(prefix + ".claim", "is named twice in the request");
    }
    wanted.push_back(*std::move(rule));
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return wanted;
}

absl::StatusOr<pool::ClaimName> ParseName(const std::string& text) {
  absl::StatusOr<pool::ClaimName> name = pool::ClaimName::Parse(text);
  return name.ok() ? std::move(name)
                   : InvalidField("name", "must be a rule's name: '<pool>.<tcp|udp>.<port>'");
}

absl::StatusOr<pool::PoolName> ParsePool(const std::string& text) {
  absl::StatusOr<pool::PoolName> name = pool::PoolName::Parse(text);
  return name.ok() ? std::move(name) : InvalidField("pool", "must be a pool's name");
}

}  // namespace

grpc::Status IngressHandler::ApplyRules(grpc::ServerContext* /*context*/,
                                        const v1::ApplyRulesRequest* request,
                                        v1::ApplyRulesResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::ApplyRulesResponse> {
    ASSIGN_OR_RETURN(const std::vector<WantedRule> wanted, ToWantedRules(*request));
    std::vector<absl::StatusOr<Rule>> applied;
    if (!request->validate_only()) {
      applied = with_.service.Apply(wanted);
    }
    v1::ApplyRulesResponse results;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      v1::ApplyRuleResult& result = *results.add_results();
      result.set_claim(wanted[i].name.ToString());
      const absl::Status status =
          request->validate_only() ? with_.service.Check(wanted[i]) : applied[i].status();
      *result.mutable_status() = ToRpcStatus(status);
      if (!request->validate_only() && status.ok()) {
        *result.mutable_rule() = ToProto(*applied[i]);
      }
    }
    return results;
  });
}

grpc::Status IngressHandler::DeleteRule(grpc::ServerContext* /*context*/,
                                        const v1::DeleteRuleRequest* request,
                                        v1::DeleteRuleResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::DeleteRuleResponse> {
    ASSIGN_OR_RETURN(const pool::ClaimName name, ParseName(request->name()));
    if (request->claim_uid().empty()) {
      return InvalidField("claim_uid", "must be the claim's unique id");
    }
    RETURN_IF_ERROR(with_.service.Delete(name, request->claim_uid()));
    return v1::DeleteRuleResponse();
  });
}

grpc::Status IngressHandler::GetRule(grpc::ServerContext* /*context*/,
                                     const v1::GetRuleRequest* request,
                                     v1::GetRuleResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::GetRuleResponse> {
    ASSIGN_OR_RETURN(const pool::ClaimName name, ParseName(request->name()));
    ASSIGN_OR_RETURN(const std::optional<Rule> rule, with_.rules.Read(name));
    if (!rule) {
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_RULE_NOT_FOUND,
                   fmt::format("there is no rule '{}'", name.ToString()))
          .WithMetadata("rule", name.ToString());
    }
    v1::GetRuleResponse found;
    *found.mutable_rule() = ToProto(*rule);
    return found;
  });
}

grpc::Status IngressHandler::ListRules(grpc::ServerContext* /*context*/,
                                       const v1::ListRulesRequest* request,
                                       v1::ListRulesResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::ListRulesResponse> {
    ASSIGN_OR_RETURN(
        const rpc::PageRequest page,
        rpc::ParsePageRequest(request->page_size(), request->page_token(), request->pool()));
    const RuleSnapshot snapshot = with_.source.Cached();
    if (snapshot.revision == 0) {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                   "the rules are not known yet; repeat the call")
          .WithRetryAfter(std::chrono::seconds(1));
    }
    v1::ListRulesResponse list;
    for (const auto& rule : snapshot.rules) {
      const std::string name = rule->name.ToString();
      const bool in_filter =
          request->pool().empty() || rule->name.pool().value() == request->pool();
      if (!in_filter || name <= page.after) {
        continue;
      }
      if (list.rules_size() == page.size) {
        list.set_next_page_token(
            rpc::NextPageToken(list.rules(page.size - 1).name(), request->pool()));
        break;
      }
      *list.add_rules() = ToProto(*rule);
    }
    return list;
  });
}

grpc::Status IngressHandler::GetDrift(grpc::ServerContext* /*context*/,
                                      const v1::GetDriftRequest* request,
                                      v1::GetDriftResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::GetDriftResponse> {
    ASSIGN_OR_RETURN(const pool::PoolName pool, ParsePool(request->pool()));
    ASSIGN_OR_RETURN(const std::vector<ObjectDrift> drifts, with_.inspector.FindDrift(pool));
    v1::GetDriftResponse found;
    for (const ObjectDrift& drift : drifts) {
      *found.add_drifts() = ToProto(drift);
    }
    return found;
  });
}

grpc::Status IngressHandler::AdoptRules(grpc::ServerContext* /*context*/,
                                        const v1::AdoptRulesRequest* request,
                                        v1::AdoptRulesResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::AdoptRulesResponse> {
    ASSIGN_OR_RETURN(const Adopter::Request wanted, ToAdoption(*request));
    ASSIGN_OR_RETURN(const std::vector<Adoption> adoptions, with_.adopter.Adopt(wanted));
    v1::AdoptRulesResponse results;
    for (const Adoption& adoption : adoptions) {
      *results.add_results() = ToProto(adoption);
    }
    return results;
  });
}

grpc::ServerWriteReactor<v1::WatchRulesResponse>* IngressHandler::WatchRules(
    grpc::CallbackServerContext* context, const v1::WatchRulesRequest* request) {
  return ingress::WatchRules(with_.feed, streams_, *context, *request);
}

}  // namespace berth::ingress
