#pragma once

#include "ingress-service/domain/rule_service.h"
#include "ingress-service/domain/rule_source.h"
#include "ingress-service/domain/rule_store.h"

#include "berth/ingress/v1/ingress_service.grpc.pb.h"

namespace berth::ingress {

/// IngressService as its proto documents it. Thread safe; calls block on the API server and on
/// port-service. Borrows everything.
class IngressHandler : public v1::IngressService::Service {
 public:
  IngressHandler(RuleService& service, RuleStore& rules, RuleSource& source)
      : service_(service), rules_(rules), source_(source) {}

  grpc::Status ApplyRules(grpc::ServerContext* context, const v1::ApplyRulesRequest* request,
                          v1::ApplyRulesResponse* response) override;
  grpc::Status DeleteRule(grpc::ServerContext* context, const v1::DeleteRuleRequest* request,
                          v1::DeleteRuleResponse* response) override;
  grpc::Status GetRule(grpc::ServerContext* context, const v1::GetRuleRequest* request,
                       v1::GetRuleResponse* response) override;
  grpc::Status ListRules(grpc::ServerContext* context, const v1::ListRulesRequest* request,
                         v1::ListRulesResponse* response) override;

 private:
  RuleService& service_;
  RuleStore& rules_;
  RuleSource& source_;
};

}  // namespace berth::ingress
