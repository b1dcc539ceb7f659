//! What is generated for each option. `tests/works` runs it.

use super::of;
use crate::commands::{expand, strip};
use crate::expansion::assert_contains;
use proc_macro2::TokenStream;
use quote::quote;

#[test]
fn an_async_command_has_an_async_handler_with_its_deadline() {
    let expanded = of(
        TokenStream::new(),
        quote! {
            #[command(deadline = Duration::from_secs(5))]
            pub async fn quote(&self, ctx: &Context<Self>, pair: String) -> Effect<Self, u64> { .. }
        },
    );
    assert_contains(
        &expanded,
        quote! {
            impl ::annals::AsyncHandler<Quote> for Account {
                type Output = Effect<Self, u64>;

                fn handle(
                    &self,
                    command: Quote,
                    ctx: &::annals::Context<Self>
                ) -> impl ::core::future::Future<Output = Self::Output> + ::core::marker::Send {
                    Account::quote(self, ctx, command.pair)
                }

                fn deadline() -> ::core::option::Option<::core::time::Duration> {
                    ::core::option::Option::Some(Duration::from_secs(5))
                }
            }
        },
    );
    assert_contains(&expanded, quote!(let definition = definition.async_command::<Quote>();));
    assert_contains(&expanded, quote!(self.0.ask_async(Quote { pair })));
}

#[test]
fn an_async_command_without_a_deadline_keeps_the_default_one() {
    let expanded = of(
        TokenStream::new(),
        quote!(
            pub async fn quote(&self) -> u64 {
                ..
            }
        ),
    );
    assert_contains(&expanded, quote!(impl ::annals::AsyncHandler<Quote> for Account));
    assert!(!expanded.to_string().contains("deadline"), "{expanded}");
}

#[test]
fn a_guard_sees_the_state_and_every_argument() {
    let expanded = of(
        TokenStream::new(),
        quote! {
            #[command(ready = Account::is_open)]
            pub fn withdraw(&self, cents: u64, ctx: &Context<Self>, note: String) -> Effect<Self> { .. }
        },
    );
    assert_contains(
        &expanded,
        quote! {
            fn ready(&self, command: &Withdraw) -> ::core::primitive::bool {
                Account::is_open(self, &command.cents, &command.note)
            }
        },
    );
}

#[test]
fn a_part_is_found_in_its_field_and_through_the_client() {
    let expanded = of(
        quote!(parts(audit: AuditTrail, version: bank::Version)),
        quote!(
            pub fn balance(&self) -> u64 {
                ..
            }
        ),
    );
    for (field, ty) in [(quote!(audit), quote!(AuditTrail)), (quote!(version), quote!(bank::Version))] {
        assert_contains(
            &expanded,
            quote! {
                impl ::annals::Has<#ty> for Account {
                    fn part(&self) -> &#ty { &self.#field }
                    fn part_mut(&mut self) -> &mut #ty { &mut self.#field }
                    fn into_part(self) -> #ty { self.#field }
                }
            },
        );
        assert_contains(&expanded, quote!(let definition = definition.part::<#ty>();));
    }
    assert_contains(
        &expanded,
        quote! {
            pub fn part<P>(&self) -> <P as ::annals::Entity>::Ref
            where
                P: ::annals::Entity + ::annals::EventSourced,
                Account: ::annals::Has<P>,
            {
                self.0.part::<P>()
            }
        },
    );
}

#[test]
fn without_parts_the_client_has_no_such_method() {
    let expanded = of(
        TokenStream::new(),
        quote!(
            pub fn part(&self) -> u64 {
                ..
            }
        ),
    );
    assert_contains(
        &expanded,
        quote!(pub fn part(&self,) -> ::annals::Call<Account, Part, ::annals::Directly>),
    );
    assert!(!expanded.to_string().contains("Has"), "{expanded}");
}

#[test]
fn self_in_an_argument_is_the_entity() {
    let expanded = of(
        TokenStream::new(),
        quote!(
            pub fn merge(&self, others: Vec<Self>) -> Effect<Self> {
                ..
            }
        ),
    );
    assert_contains(
        &expanded,
        quote!(
            pub struct Merge {
                others: Vec<Account>,
            }
        ),
    );
}

#[test]
fn our_attributes_do_not_reach_the_compiler_even_beside_an_error() {
    let method = quote! {
        #[command(name = "put")]
        pub fn deposit(&self, #[serde(default)] cents: u64) -> Effect<Self> { .. }
    };
    for methods in [method.clone(), quote!(#method pub fn broken(&mut self) {})] {
        let block = syn::parse2::<syn::ItemImpl>(quote!(impl Account { #methods })).unwrap();
        let mut stripped = block.clone();
        strip::strip(&mut stripped);
        let expanded = expand(TokenStream::new(), quote!(#block));
        assert!(expanded.to_string().contains(&quote!(#stripped).to_string()), "{expanded}");
        assert!(!quote!(#stripped).to_string().contains("# ["), "{}", quote!(#stripped));
    }
}

#[test]
fn commands_that_the_configuration_chooses_from_may_have_one_name() {
    let expanded = of(
        TokenStream::new(),
        quote! {
            #[cfg(unix)]
            pub fn a(&self) {}
            #[cfg(windows)]
            pub fn a(&self) {}
        },
    );
    assert!(!expanded.to_string().contains("compile_error"), "{expanded}");
    assert_contains(&expanded, quote!(#[cfg(windows)] let definition = definition.command::<ACommand>();));
}
