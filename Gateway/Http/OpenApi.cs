using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Shop.Gateway.Access;

namespace Shop.Gateway.Http;

/// <summary>The description of the API, made from the routes themselves.</summary>
internal static class OpenApi
{
    private const string Scheme = "key";

    public static IServiceCollection AddShopOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Shop",
                Version = "v1",
                Description = "The commerce engine that does not oversell and does not lose an order. Errors are problem details (RFC 9457) with a stable type. "
                    + "Every mutating call takes an Idempotency-Key: a retry with the same key gives the same answer and happens once.",
                License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                [Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A secret key, a publishable key or the token of a session." },
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<AccessRule>().FirstOrDefault() is { } rule)
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
                operation.Description = $"{(rule.Scope is null ? "Any secret key" : $"Secret keys with scope {rule.Scope}")}{rule.Storefront switch
                {
                    Storefront.Any => ", sessions and publishable keys",
                    Storefront.Session => ", and sessions",
                    _ => "",
                }}.";
            }

            if (!HttpMethods.IsGet(context.Description.HttpMethod ?? "GET"))
            {
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = "Idempotency-Key",
                    In = ParameterLocation.Header,
                    Description = "1 to 255 printable characters; the same key means the same request.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 255 },
                });
            }

            return Task.CompletedTask;
        });
    });

    /// <summary>Says which problems a route may answer with, besides 401, 403, 429 and 503 which all may.</summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder builder, params int[] statuses)
    {
        foreach (int status in statuses.Concat([401, 429, 503]).Distinct()) builder.Produces<ProblemBody>(status, "application/problem+json");
        return builder;
    }
}
